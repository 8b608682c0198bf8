"""Changing a project's texts without changing what they mean: renaming tables, formatting SQL."""
