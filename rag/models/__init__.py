"""Models that do not come with the install: which are known, fetched once, and the same since."""
