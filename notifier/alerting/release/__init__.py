"""Release what was deferred: `due` finds it and locks it, `send` queues one text per address."""
