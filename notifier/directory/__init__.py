"""The directory: who may be told what goes on in a commune, and in which order.

In: contacts, one by one in the administration pages or all at once from a CSV file (`imports.py`).
Out: the people of a commune at a given moment, the mayor first (`people.py`).
It never decides whether someone is told, never sends anything, never keeps half of a file, and
never lets a number or an address in that no message could reach.
"""
