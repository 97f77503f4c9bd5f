"""On-call: who is told first in an organisation, by periods.

`shifts.py` computes them and reads no database; `calendar_out.py` and `calendar_in.py` write and
read iCalendar files.
"""
