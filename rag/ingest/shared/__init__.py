"""What readers of several formats need. Nothing here knows a reader."""
