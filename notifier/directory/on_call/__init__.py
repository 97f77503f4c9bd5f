"""On-call: who is told first in an organisation, by periods.

In: a pattern, a swap, a calendar file (`planning.py`, `calendar_import.py`).
Out: shifts as stored, what of the time nobody has (`gaps.py`), calendars at secret addresses
(`feeds.py`). `shifts.py`, `calendar_out.py` and `calendar_in.py` read no database.

Never: guesses whom a calendar means, changes what is past, or puts two people on call at once.
"""
