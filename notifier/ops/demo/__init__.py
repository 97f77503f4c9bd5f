"""The demonstration: the real service, a simulated provider, a night in one département.

In: nothing but this package. Out: every text as a mayor reads it, every step with its time, and an
exit code that tells whether all went as expected.

Never: touches an operator's data, or uses another provider than the simulator.
"""
