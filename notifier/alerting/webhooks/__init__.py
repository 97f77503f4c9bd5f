"""Tell a source's own software, within a second, who answered and what was not answered.

`events` records an event in the transaction of what happened; `posting` posts it once that is
committed, and again until it is taken; `payload` says of an alert what the status resource says.

Never: names a person, gives an address, follows a redirection, or keeps what the other side said.
"""
