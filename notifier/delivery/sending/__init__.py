"""Send messages: `claim` takes them, `sender` hands them to a provider, `record` stores the result.

`record` also decides whether to retry. `rate_limit`, `pause` and `former_recipients` keep back what
may not leave; `delayed` and `blocked` notice what does not.
"""
