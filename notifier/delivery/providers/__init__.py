"""Transports: one folder for each way to hand a message to a provider.

A transport sends one message and says what came of it as an Outcome; it never touches the database.
"""
