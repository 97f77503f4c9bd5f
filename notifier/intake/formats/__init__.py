"""Foreign formats: what other control rooms' software already sends, read into our own words.

In: the bytes of an EDXL-DE envelope (RC-EDA, RC-RI, EMSI; JSON or XML; also bare) or of a CAP 1.2
alert. Out: a `ForeignMessage`, and the names of all that was not read. Pure: no database, no
network, no clock but for what is passed in. Never: keeps a caller, a victim, a free text, a health
motive or an access code. The models here name the fields that are read; nothing else ever leaves.
"""
