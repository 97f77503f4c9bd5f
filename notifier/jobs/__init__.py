"""Jobs: wake a worker, never make anyone wait for it, and know which workers run.

In: the name of a task and the id of the thing it should look at. Out: a task in the broker, soon;
or nothing, when the broker is down, because the sweeps find in the database whatever was not
enqueued.
It never carries data, never raises, never blocks its caller.
"""
