"""What a reader sends, cut into claims that can be looked up."""
