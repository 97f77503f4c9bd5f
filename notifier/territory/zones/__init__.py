"""Parts of France larger or smaller than a commune: EPCI, départements, drawn areas, sites.

Pure and offline: who is responsible for which of them is `directory/`'s. `epci.py` and
`departements.py` read two packaged lists; `shapes.py` reads and refuses what somebody drew;
`land.py` finds the communes under it; `containment.py` says whether an incident lies in it, or that
nobody can know.
"""
