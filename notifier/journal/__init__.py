"""The journal: what happened, in order, for good.

In: entries written by every room in the transaction of the step they tell. Out: the timeline of one
thread (everything about one reference of one source). It never changes or deletes an entry; the
database itself refuses to.
"""
