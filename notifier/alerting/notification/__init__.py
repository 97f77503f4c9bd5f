"""Who is told what: from the facts of a text to the rows and messages of its recipients.

`text_facts` chooses the facts that a text may state, `recipients` the people, `planned` makes one
notification for each address, `store` writes and queues them, `history` reads them again.
`duty_officer` plans mails to dispatch's own address.
"""
