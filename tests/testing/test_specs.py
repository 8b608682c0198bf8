"""Unit tests of specs within pytest: as parameters, and all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from drawloom.model import InputError
from drawloom.testing import run_spec_tests, spec_tests
from tests.run.unit_tests.conftest import write_shop

GOOD = (
    "good:\n  ds: 2026-01-02\n  given: {raw.orders: [{id: 1, amount: 1, status: a}, {id: 2, amount: 2, status: a}]}\n"
)
EXPECT = "  expect: {core.orders: {rows: [{id: 1, amount: 1}, {id: %s, amount: %s}], ordered: %s, check: SELECT id FROM core.orders WHERE amount > %s}}\n"


def test_they_pass_and_fail_as_tests_of_pytest(tmp_path: Path) -> None:
    write_shop(tmp_path)
    file = tmp_path / "tests/orders.yml"
    file.parent.mkdir()
    file.write_text(GOOD + EXPECT % (2, 2, "true", 2))
    (one,) = spec_tests(tmp_path)
    assert str(one) == "good"
    one.check()
    assert run_spec_tests(tmp_path) == 1
    assert run_spec_tests(tmp_path, "core.week") == 0

    file.write_text(GOOD + EXPECT % (2, 3, "false", 1))
    with pytest.raises(AssertionError) as failed:
        run_spec_tests(tmp_path, "good")
    assert "tests/orders.yml:1: good failed" in str(failed.value)
    assert "core.orders 2026-01-02: changed {'id': 2, 'amount': Decimal('3.00')}: amount 3.00 -> 2.00" in str(
        failed.value
    )
    assert "a check that must return no rows found [{'id': 2}]" in str(failed.value)

    swapped = EXPECT.replace("{id: 1, amount: 1}, {id: %s, amount: %s}", "{id: %s, amount: %s}, {id: 1, amount: 1}")
    file.write_text(GOOD + swapped % (2, 2, "true", 9))
    with pytest.raises(AssertionError, match=r"row 1 is \{'id': 1"):
        spec_tests(tmp_path)[0].check()
    file.write_text(GOOD + "  expect: {core.orders: [{id: 7}]}\n")
    with pytest.raises(AssertionError, match=r"(?s)missing \{'id': 7\}.*unexpected \{'id': 1\}|changed"):
        run_spec_tests(tmp_path)
    file.write_text("x: [")
    with pytest.raises(InputError, match="must be YAML"):
        spec_tests(tmp_path)
    with pytest.raises(InputError, match="must be YAML"):
        run_spec_tests(tmp_path)
