"""What the verifier is trained on, and how: see README.md."""
