"""Pages: one module or package for each part of the console. No rule lives in them."""
