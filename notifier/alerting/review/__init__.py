"""Reports whose place is uncertain: `notices` asks a person, `decisions` takes the answer.

`superseded` shows the duty officer an older report that nobody was notified of.
"""
