"""What providers say afterwards: `apply` receipts, read `bounces`, `reconcile` by asking."""
