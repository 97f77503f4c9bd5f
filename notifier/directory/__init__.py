"""The directory: who may be told what happens in a commune, and in which order.

In: contacts, one by one in the administration pages or all at once from a CSV file (`imports/`).
Out: the people of a commune who are active at a given moment, the mayor first (`recipients.py`).

Never: decides whether someone is told, sends anything, keeps half of a file, or stores a number or
an address that no message could reach.
"""
