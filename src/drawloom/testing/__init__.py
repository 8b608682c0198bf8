"""Tests for any framework: laws that must always hold, checked on the spec and rows of a case."""

from drawloom.testing.case import FrameworkCase
from drawloom.testing.laws import BrokenLawError

__all__ = ["FrameworkCase", "BrokenLawError"]
