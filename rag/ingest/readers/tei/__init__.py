"""TEI: volumes of documents, and single texts."""
