"""Which files there are to read: folders, archives, Zotero libraries, built-in collections."""
