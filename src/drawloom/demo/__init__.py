"""The demo project: every flight that left New York in 2013, as specs over real data, and two experiments."""
