"""The doctor: looks at all that an alert needs on its way, and says what to do where it ails.

In: the environment of this process. Out: findings in French, one after the other. It changes
nothing, sends nothing, and prints no secret and no address of a person.
"""
