"""Notify somebody else where a text fails, or does not leave in time.

`failover` goes to the next person, `delayed` calls it for what is late, `late_delivery` catches up
with a reader who was reached after all.
"""
