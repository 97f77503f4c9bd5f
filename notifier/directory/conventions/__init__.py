"""Agreements under which more organisations than the commune are told.

`file.py` reads and refuses what an operator wrote, `amendment.py` puts it into force without
rewriting the past, `store.py` ends and narrows it, `rules.py` says which rules apply in given
communes at a given moment, `deadlines.py` when somebody must decide, `consents.py` which residents
agreed to be told.
"""
