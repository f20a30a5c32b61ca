"""PDF: text layers, scans, and what a page needs before it is text."""
