"""Django's own PostgreSQL, but for how it is asked whether a connection still lives."""
