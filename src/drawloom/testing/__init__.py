"""Proofs for frameworks, ours and anybody's: what must always hold, on the spec and rows of a case."""

from drawloom.testing.case import FrameworkCase
from drawloom.testing.laws import BrokenLawError

__all__ = ["FrameworkCase", "BrokenLawError"]
