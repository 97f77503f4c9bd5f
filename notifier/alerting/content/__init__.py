"""What a text says: facts in words, templates, digests, and what of a street's name may leave.

`composer` fills the templates and keeps an SMS within its segments (`gsm`).
"""
