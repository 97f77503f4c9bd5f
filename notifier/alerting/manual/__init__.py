"""What a person does with an incident: send again, tell one more, withdraw, close.

Each takes the incident's lock first, as a decision does, checks again what the page showed, and
makes its texts by the same plan as all others. Where it is, a person decides in `review`; what
waits, a person releases in `release` and `throttling.quota`.
"""
