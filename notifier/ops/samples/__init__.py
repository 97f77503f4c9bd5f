"""What `notifier up --simulator` shows a newcomer: two weeks of a département, all of it invented.

Everything is made by the functions that make it in use, at moments of the past. The simulator
alone: `require_simulator` refuses elsewhere.
"""
