"""The doctor: check all that an alert depends on, and say what to do about what is wrong.

In: the environment of this process. Out: findings in French, one after the other.

Never: changes or sends anything, or prints a secret or an address of a person.
"""
