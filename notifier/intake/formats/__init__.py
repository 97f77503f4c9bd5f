"""Foreign formats: what the software of other control rooms sends, read into our vocabulary.

In: the bytes of an EDXL-DE envelope (RC-EDA, RC-RI, EMSI; JSON or XML; also bare) or of a CAP 1.2
alert. Out: a `ForeignMessage`, and the names of all that was not read. Pure: no database, no
network, no clock but what is passed in. The models name the fields that are read; nothing else ever
leaves.

Never: keeps a caller, a victim, free text, a health motive or an access code.
"""
