"""Tests of the UI by HTTP, without a browser."""
