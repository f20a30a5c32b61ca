"""An optional language model, and what is let through of what it writes."""
