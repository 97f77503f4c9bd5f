"""The demonstration: the real service, a simulated provider, a night in one département.

In: nothing but this package. Out: every text as a mayor reads it, every step with its time, and an
exit code that says whether all of it was as expected. It never touches an operator's data, and
never uses a provider other than the simulator.
"""
