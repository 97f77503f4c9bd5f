"""Doors for people: the commands that run the service, and the pages of administrators.

In: what an operator or an administrator asks for. Out: the answer in French, from one function of
a room below; or, for `web`, `worker`, `beat`, `up` and `demo`, running processes. It never decides
who is told what, never sends anything itself, and never falls back to the simulator unasked.
"""
