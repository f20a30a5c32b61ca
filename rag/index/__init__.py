"""An index on disk: documents, words, vectors."""
