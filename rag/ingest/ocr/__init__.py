"""Pictures of pages into lines of text."""
