"""Alerting: decide what is said of a report, and to whom.

In: a stored report. Out: notifications whose messages `delivery` sends, and the decision with its
rule and reason in the journal; or a report in review, where the commune is uncertain.
It never sends anything itself, and lets no word of dispatch's free text through.
"""
