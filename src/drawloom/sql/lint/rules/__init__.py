"""The lint rules, one per file: a rule's docstring is its message, its code is its file's name with dashes."""
