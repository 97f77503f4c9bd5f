"""Deliver one text to one address, once.

In: outgoing messages (channel, address, text, lane, lifetime, and a key that makes each unique).
Out: the provider has each of them exactly once, or the signal `delivery_failed` says that it has
not. This room knows no report, no contact and no commune; `pause_key`, `incident_id` and
`recipient` are labels to it. It never rewrites a text, and never sends one after its lifetime.
"""
