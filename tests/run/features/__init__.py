"""Training sets, and features for services."""
