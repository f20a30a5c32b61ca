"""Passages and claims as vectors."""
