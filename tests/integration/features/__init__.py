"""Features on real servers."""
