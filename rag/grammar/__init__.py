"""English grammar, numbers and times, read off a text."""
