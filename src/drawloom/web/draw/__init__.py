"""Charts as SVG: drawn here, so that a page needs no script to be looked at."""
