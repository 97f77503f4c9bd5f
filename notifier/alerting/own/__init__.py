"""What people change of their own by the link of a text, and who is told of it.

Whoever holds a leaked link could else add a number of theirs, or have nothing sent to the owner any
more, and nobody would know. Begin with `addresses.py`.
"""
