"""Who may do what: accounts, their roles, and what each of them sees of the other rooms.

`scope.py` answers for a user which organisations, people, incidents and notifications exist; every
page, form and export asks it, and nothing else decides.
"""
