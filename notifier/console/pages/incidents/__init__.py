"""One incident: its account, what a person may do with it, and the decision where it is."""
