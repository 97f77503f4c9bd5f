"""Journal: who was told what, searched and exported; who opened what; what changed in the lists."""
