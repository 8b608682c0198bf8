"""Typed macros: what the comment above one promises is asked of every call, with its place and the signature."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from drawloom.model import InputError
from drawloom.sql import analyze
from drawloom.sql.template.macro_files import Macros, load_macros, part_for
from drawloom.sql.template.rendering import render

TEXT = """
{# km(column: sql, digits: int = 1) -> double: Miles as
   kilometres. #}
{% macro km(column, digits=1) %}round({{ column }} * 1.609344, {{ digits }}){% endmacro %}

{# Twice as far. #}
{% macro far(column) %}{{ km(column ~ ' * 2', digits='x') }}{% endmacro %}
{% macro since(day, names) %}ds >= '{{ day }}'{% endmacro %}
"""


def macros_of(folder: Path, text: str = TEXT) -> Macros:
    (folder / "macros").mkdir(exist_ok=True)
    (folder / "macros" / "own.sql").write_text(text)
    return load_macros(folder / "macros")


def test_a_comment_says_what_a_macro_takes_and_is_for(tmp_path: Path) -> None:
    found = macros_of(tmp_path).signatures
    assert found["km"].text == "km(column: sql, digits: int = 1) -> double"
    assert found["km"].description == "Miles as kilometres."
    assert (found["far"].text, found["far"].description) == ("far(column)", "Twice as far.")
    assert found["since"].text == "since(day, names)"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("km('fare', digits='two')", "km.digits == 'two', must be int."),
        ("km('fare', true)", "km.digits == True, must be int."),
        ("km(['fare'])", r"km.column == \['fare'\], must be sql."),
        ("km('fare', digit=2)", "km.digit is an unknown argument."),
        ("km('fare', 1, 2)", "km == 3 arguments, must have at most 2."),
        ("km(digits=1)", "km.column is missing."),
        ("km('fare', column='x')", "km.column is given twice."),
        ("far('fare')", "km.digits == 'x', must be int."),
    ],
)
def test_a_call_that_does_not_fit_is_refused_at_its_line(tmp_path: Path, call: str, message: str) -> None:
    text = f"SELECT\n  1,\n  {{{{ {call} }}}}\nFROM core.rides"
    used = macros_of(tmp_path).used_by(text)
    with pytest.raises(InputError, match=message) as caught:
        render(text, date(2026, 3, 1), macros=used)
    (problem,) = caught.value.problems
    assert (problem.code, problem.where.line) == ("macro-call", 3)
    assert problem.fix
    assert "Call km(column: sql, digits: int = 1) -> double." in problem.fix.title


def test_calls_that_fit_are_rendered(tmp_path: Path) -> None:
    text = "SELECT {{ km('fare') }}, {{ km(km(3), digits=params.digits) }}, {{ km(column='a', digits=2) }}"
    made = render(text, date(2026, 3, 1), macros=macros_of(tmp_path).used_by(text), params={"digits": 3}).text
    assert made == (
        "SELECT round(fare * 1.609344, 1), round(round(3 * 1.609344, 1) * 1.609344, 3), round(a * 1.609344, 2)"
    )


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("km(col: sql, digits: int) -> double", r"must have the arguments of the macro, km\(column, digits = 1\)"),
        ("km(column: sql, digits: int = 2)", r"must have the defaults of the macro, km\(column, digits = 1\)"),
        (
            "km(column: text, digits: int)",
            "must have types out of sql, str, int, float, bool, day, list, any, not text",
        ),
        ("km(column: sql, digits: int) double", r"must be like km\(argument: type\) -> type: what it is"),
        ("km(column: sql, 3: int)", r"must have arguments like \(column: sql, digits: int = 1\)"),
    ],
)
def test_a_signature_that_is_not_that_of_the_macro_is_refused(tmp_path: Path, comment: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        macros_of(tmp_path, f"\n\n{{# {comment} #}}\n{{% macro km(column, digits=1) %}}x{{% endmacro %}}\n")
    (problem,) = caught.value.problems
    assert (problem.code, str(problem.where)) == ("bad-signature", "macros/own.sql:4")


def code(macros: Macros, text: str) -> str:
    return analyze(text, macros=macros.used_by(text)).fingerprint


A, B = "SELECT {{ km('fare') }} FROM core.rides", "SELECT fare FROM core.rides WHERE {{ since('2026-01-01', 1) }}"
FAR, KM = "SELECT {{ far('fare') }} FROM core.rides", "SELECT km FROM core.rides"


def test_a_change_of_a_macro_changes_exactly_the_texts_that_use_it(tmp_path: Path) -> None:
    text = TEXT.replace("'x'", "2")
    before = {one: code(macros_of(tmp_path, text), one) for one in (A, B, FAR, KM)}
    after = macros_of(tmp_path, text.replace("1.609344", "1.6"))
    changed = {one for one in before if code(after, one) != before[one]}
    assert changed == {A, FAR}, "also through another macro, and not where a column only has its name"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Miles as\n   kilometres.", "Miles."),
        ("digits: int = 1", "digits: any"),
        ("{# km(column: sql, digits: int = 1) -> double: Miles as\n   kilometres. #}\n", ""),
        (
            "round({{ column }} * 1.609344, {{ digits }})",
            "round(\n  {{   column }} * 1.609344, -- miles\n  {{ digits }}\n)",
        ),
    ],
)
def test_comments_and_layout_of_a_macro_change_nothing(tmp_path: Path, old: str, new: str) -> None:
    text = TEXT.replace("'x'", "2")
    assert old in text
    before, after = macros_of(tmp_path, text), macros_of(tmp_path, text.replace(old, new))
    assert before.sources != after.sources
    for one in (A, B, FAR):
        assert code(after, one) == code(before, one)


def test_a_part_of_definitions_is_that_of_a_text(tmp_path: Path) -> None:
    macros = macros_of(tmp_path, TEXT)
    both = macros.used_by(FAR, B)
    assert part_for(both, A) == macros.used_by(A)
    assert part_for(both, KM) == ""


def test_a_macro_is_called_in_a_loop_of_another(tmp_path: Path) -> None:
    text = (
        "{% macro one(x) %}<{{ x }}>{% endmacro %}"
        "{% macro all(xs) %}{% for x in xs %}{% set y = x %}{{ one(y) }}{% endfor %}{% endmacro %}"
    )
    macros = macros_of(tmp_path, text)
    used = "{{ all(['a', 'b']) }}"
    assert render(used, date(2026, 1, 1), macros=macros.used_by(used)).text == "<a><b>"
