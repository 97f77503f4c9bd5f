"""The page of a commune or another organisation, with all that is done from it."""
