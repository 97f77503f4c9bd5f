"""The log of what was told to whom, and withheld from whom: searched, paged by key, exported."""
