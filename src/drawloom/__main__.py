"""``python -m drawloom``."""

from drawloom.cli.main import main

main()
