"""drawloom: machines that build data pipelines."""

__version__ = "0.1.0"
