"""Importer: lists that are uploaded, elections, campaigns of confirmation, what is taken back."""
