"""The demonstration: the real service, a simulated provider, two scenes.

`belfort.py` is a night in one département, `conventions.py` what agreements tell to others than a
mayor. In: nothing but this package. Out: every text as its reader reads it, every step with its
time, and an exit code that tells whether all went as expected.

Never: touches an operator's data, or uses another provider than the simulator.
"""
