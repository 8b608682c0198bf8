"""Training sets of features: a spine in, the same rows with features as of their moments out."""
