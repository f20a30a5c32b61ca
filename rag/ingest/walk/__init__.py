"""Which files there are to read: folders, archives, built-in collections."""
