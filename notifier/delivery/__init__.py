"""Delivery: one text to one address, once.

In: letters (channel, address, text, lane, lifetime, and a key that makes each unique). Out: the
provider has each of them exactly once, or it is said why not, by the signal `ended_badly`. It knows
nobody: no intervention, no contact, no commune; `topic`, `thread` and `recipient` are labels to it.
It never rewrites a text, and never sends one after its lifetime.
"""
