"""Log-in: who it is, by which proofs, and for how long they hold.

django-allauth checks passwords, codes and passkeys; django-axes bounds guessing; this package says
what they leave to the service: which accounts, which addresses count, what is written down.
"""
