"""Organisations that get a figure only: `count` counts, `mail` sends once a month."""
