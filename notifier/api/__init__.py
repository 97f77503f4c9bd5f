"""HTTP for programs: dispatch's reports and their status, the provider's receipts, health.

In: HTTP. Out: one call into a room, and its answer in JSON. No rule lives here: what is refused is
refused by a room, and only put into words here.
"""
