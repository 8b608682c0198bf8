"""Unit tests of specs: rows in, rows out, in memory. ``runner.py`` runs them, ``resolve.py`` says what a test means."""
