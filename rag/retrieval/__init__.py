"""A claim to ranked passages."""
