"""Where: every commune of France, offline.

In: a place as a source describes it (`Location`: INSEE code, name, postal code, later a point).
Out: a `Resolution`: a verdict, the commune(s) it is certain of, and every clue with what it said,
in French, for the person who reviews. `resolve.py` is the room's front: `resolve`, `commune`,
`departement_of`, `communes_of`, `all_communes`.

Never: guesses (a doubt is `conflict` or `unknown`, and then names no commune), asks the network,
writes anything, or reads its file before the first question.
"""
