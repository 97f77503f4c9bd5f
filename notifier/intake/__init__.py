"""Intake: a report arrives and is stored, once, before anyone is answered.

In: the key and the message of a dispatch centre. Out: one stored report in the state
`received`, and the signal of it. It never decides where it is or who is told, and it never keeps
a field that the schema does not name.
"""
