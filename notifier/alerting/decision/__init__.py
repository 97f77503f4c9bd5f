"""Decide what becomes of a report: place, rule, plan, apply.

`pipeline` tells the story: `placement` finds the communes, `rulings` rules on each (by
`policy.text_kind`: first text, update, end, cancellation or none), `situation` reads who is there
and what they know, `plan` addresses the texts, `apply` stores them. `dry_run` stops at the plan.
"""
