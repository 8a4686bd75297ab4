"""What a paper compares itself with."""
