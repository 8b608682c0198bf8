"""Side-by-side benchmarks: `scripts/bench [NAME...]`. They print ratios and assert nothing about time."""
