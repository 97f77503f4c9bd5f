"""What people look at: incidents under way, a past night, one incident, what needs a person.

Reads, and decides nothing. Callers give the rows that exist for whoever asks.
"""
