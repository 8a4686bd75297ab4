"""What models are trained on: examples drawn from datasets, a function of the seed and the step alone."""
