"""Published baselines and trivial ones, one file for each family."""
