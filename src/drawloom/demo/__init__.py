"""The demo project: every flight that left New York in 2013, as thirteen specs over real data."""
