"""Where: every commune of France, offline.

In: a place as a source describes it (`Location`: INSEE code or several, name, postal code, point,
area). Out: a `Resolution`: a verdict, the communes it is certain of, how they lie to the point, and
every clue with what it said, in French, for the person who reviews. The room's public functions
stand in `resolve.py`: `resolve`, `commune_by_code`, `adjacent_communes`, `departement_of`,
`communes_in`, `all_communes`. Beside it, `zones/`: EPCI, départements, drawn areas and sites, and
whether a place is in them or nobody can know.

Never: guesses (a doubt is `conflict` or `unknown`, and then names no commune), uses the network,
writes anything but the file an operator builds, or opens its file before the first look-up.
"""
