"""Jobs: wake a worker without making anyone wait for it, and know which workers run.

In: the name of a task and the id of the row that it should look at. Out: a task in the broker; or
nothing while the broker is down, because the sweeps find in the database whatever was not enqueued.

Never: carries data, raises, or blocks its caller.
"""
