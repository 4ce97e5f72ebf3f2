"""A citizen's question from the first answer to the verdict and everyone it concerns."""
