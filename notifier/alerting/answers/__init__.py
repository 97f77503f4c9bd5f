"""What people answer to alerts: by link, by SMS, on the telephone; what follows from it.

`answer` takes an answer, `find` opens the alert of a link.
"""
