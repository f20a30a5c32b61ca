"""A place for each format. None of them knows another one's."""
