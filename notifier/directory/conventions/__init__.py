"""Agreements under which more organisations than the commune are told.

`file.py` reads and refuses what an operator wrote, `store.py` puts it into force without rewriting
the past, `rules.py` says which rules apply in given communes at a given moment.
"""
