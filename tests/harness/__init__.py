"""What tests stand on: a private PostgreSQL, and the real service with a simulated provider."""
