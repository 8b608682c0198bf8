"""Tests for any framework: laws that must always hold, checked on the spec and rows of a case. And unit tests of specs."""

from drawloom.specs.unit_test import UnitTest
from drawloom.testing.case import FrameworkCase
from drawloom.testing.laws import BrokenLawError
from drawloom.testing.specs import SpecTest, run_spec_tests, spec_tests

__all__ = ["FrameworkCase", "BrokenLawError", "SpecTest", "UnitTest", "run_spec_tests", "spec_tests"]
