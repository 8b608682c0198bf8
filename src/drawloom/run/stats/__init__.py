"""Statistics for people: what is known of a table or computed on the spot, how two days differ, and the daemon."""
