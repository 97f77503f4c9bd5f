"""The bell: wakes a worker, and never makes anyone wait for it.

In: the name of a task and the number of the thing it should look at. Out: a task in the broker,
soon; or nothing, when the broker is down, because the sweeps find in the database whatever was
not rung for. It never carries data, never raises, never blocks its caller.
"""
