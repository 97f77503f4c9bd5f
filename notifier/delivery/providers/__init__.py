"""Providers: one folder for each way to hand over a message.

A provider sends one message and returns an Outcome; it never touches the database.
"""
