"""The console in a real browser, before the real service with its samples: `make browser-test`."""
