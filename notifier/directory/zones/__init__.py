"""The territories of organisations: stored, dated, read for one incident.

`store.py` adds and replaces zones; `files.py` reads them from an operator's file; `lookup.py` says
which of them an incident touches, in one statement.
"""
