"""Forms of the console: what people type, checked; no rule lives here."""
