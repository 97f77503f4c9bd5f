"""Keep texts back: routine ones in a storm, reopenings, what exceeds a quota, and by hand.

`limits` reads where each address and source stands, `throttle` defers what is over a limit,
`quota` and `fan_out` report it, `pause` stops everything. What is deferred leaves by `release`.
"""
