"""What methods are given: one file a kind of sample."""
