"""Intake: a report arrives and is stored once, before the sender is answered.

In: the key and the message of a dispatch centre. Out: one stored report in the state `received`,
and its signal.

Never: decides where it is or who is told, or stores a field that the schema does not name.
"""
