"""Chaos: the real service under a stream of pushes, one fault at a time, judged at the provider."""
