"""`make bench`: what the service can do on this machine, measured beside what nobody can beat here.

Every part is a file of its own, whose function's docstring says exactly what is measured and how.
Figures are compared with the floor of the same run (`floor.py`), never with another machine's.
"""
