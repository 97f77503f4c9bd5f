"""The journal: what happened, in order, append-only.

In: entries written by every room, in the transaction of the step they record. Out: the timeline of
one incident.

Never: changes or deletes an entry; the database itself refuses to.
"""
