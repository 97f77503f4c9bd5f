"""Alerting: what to say of a report, and to whom.

In: a stored report. Out: letters in the hands of `delivery`, and a decision with its rule
and reason in the journal; or an entry in the review, when nobody can say for certain which commune
it is.
It never sends anything itself, and never lets a word of dispatch's free text through.
"""
