"""Changes taken back: what stands as the change left it comes back, the rest stays."""
