"""Collections that could be added or searched elsewhere."""
