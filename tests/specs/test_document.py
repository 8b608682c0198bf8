"""YAML documents: values, lines, and errors."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawloom.model import InputError, Problem, Where
from drawloom.specs import document
from drawloom.specs.document import Document, parse_yaml, read_text


def one(text: str, first_line: int = 1) -> Document:
    (found,) = parse_yaml(text, "a.yml", first_line)
    return found


def refused(text: str) -> InputError:
    with pytest.raises(InputError) as caught:
        parse_yaml(text, "a.yml")
    return caught.value


def attempt(text: str) -> tuple[list[Document], tuple[Problem, ...]]:
    try:
        return parse_yaml(text, "a.yml"), ()
    except InputError as error:
        return [], error.problems


def test_values_and_lines() -> None:
    made = one("a: 1\nb:\n  - x\n  - {c: 2026-01-31}\ntext: |\n  one\n  two\n")
    assert made.data == {"a": 1, "b": ["x", {"c": date(2026, 1, 31)}], "text": "one\ntwo\n"}
    assert made.where("b", 1, "c") == Where("a.yml", 4)
    assert made.where("text").line == 6
    assert made.where("b", 7, "z").line == 2
    assert made.where().line == 1


def test_lines_count_from_the_first_line() -> None:
    assert one("\na: 1\nb: 2", first_line=10).where("b").line == 12


def test_indented_texts_are_read() -> None:
    assert one("   a: 1\n   b: 2\n").data == {"a": 1, "b": 2}


def test_several_documents() -> None:
    assert [found.data for found in parse_yaml("a: 1\n---\n---\nb: 2\n")] == [{"a": 1}, {"b": 2}]


def test_keys_are_the_text_as_written() -> None:
    assert one("on: 1\n2026-01-01: 2\n3: 4").data == {"on": 1, "2026-01-01": 2, "3": 4}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("schedule: @daily", "@daily"),
        ("schedule: @weekly  # Mondays", "@weekly"),
        ("until: forever: a small table", "forever: a small table"),
    ],
)
def test_macros_and_forever_need_no_quotes(text: str, value: str) -> None:
    assert list(one(text).data.values()) == [value]


@pytest.mark.parametrize("value", ["2026-13-45", "!!int x", "!!bool x", "!!timestamp x", "!!int ''"])
def test_scalars_that_are_no_value_stay_text(value: str) -> None:
    assert isinstance(one(f"a: {value}").data["a"], str)


def test_merges() -> None:
    made = one("base: &b {x: 1, y: 2}\na:\n  <<: *b\n  y: 3\nc:\n  <<: [*b, {z: 4}]\n")
    assert made.data["a"] == {"x": 1, "y": 3}
    assert made.data["c"] == {"x": 1, "y": 2, "z": 4}


def test_all_duplicates_are_reported() -> None:
    error = refused("a: 1\na: 2\nb: {c: 1, c: 2}\n")
    assert [(problem.code, problem.where.line) for problem in error.problems] == [
        ("duplicate-key", 2),
        ("duplicate-key", 3),
    ]


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a: 1\nb: [", "not-yaml", 2),
        ("a:\n\t- 1", "not-yaml", 2),
        ("a: 1\nb: c: d", "not-yaml", 2),
        ("a: 1\nb: \x00", "not-yaml", 2),
        ("[1, 2]: 3", "bad-key", 1),
        ("a: !!python/object:os.system x", "bad-tag", 1),
        ("- 1\n- 2", "not-a-mapping", 1),
        ("just text", "not-a-mapping", 1),
        ("[" * 5000, "too-large", 1),
        ("a: &b [*b]", "too-large", 1),
    ],
)
def test_refusals(text: str, code: str, line: int) -> None:
    (problem,) = refused(text).problems
    assert (problem.code, problem.where.line, problem.where.file) == (code, line, "a.yml")
    assert problem.message.endswith(".")


def test_alias_bombs() -> None:
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    text += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10))
    (problem,) = refused(text).problems
    assert problem.code == "too-large"


@pytest.mark.parametrize("number", ["9" * 5_000, "0x" + "f" * 5_000, "1" + ":59" * 3_000, "0b" + "1" * 20_000])
def test_numbers_too_long_to_print_are_texts(number: str) -> None:
    (found,), _ = attempt(f"a: {number}\nb: [{number}]\nc: 0x1f")
    assert found.data == {"a": number, "b": [number], "c": 31}


def test_too_many_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "MAX_VALUES", 10)
    assert refused(f"a: [{'1, ' * 100}]").problems[0].code == "too-large"


@given(st.text())
def test_any_text_gives_documents_or_problems(text: str) -> None:
    documents, problems = attempt(text)
    assert all(isinstance(found.data, dict) for found in documents)
    assert all(problem.where.line for problem in problems)


@given(st.text(alphabet="ab:-[]{}&*!|>'\"\n #,@%?<"))
def test_any_yaml_like_text_gives_documents_or_problems(text: str) -> None:
    documents, problems = attempt(text)
    assert not (documents and problems)


def test_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.write_bytes("\ufeffa: é\r\nb: 1".encode())
    bad.write_bytes(b"a: 1\nb: \xff")
    assert read_text(good, "good") == "a: é\nb: 1"
    with pytest.raises(InputError, match=r"bad:2: bad is not UTF-8 text \(byte 8\)"):
        read_text(bad, "bad")
    with pytest.raises(InputError, match="cannot be read: "):
        read_text(tmp_path / "none", "none")
    monkeypatch.setattr(document, "MAX_CHARACTERS", 5)
    with pytest.raises(InputError, match="must be at most 5 bytes"):
        read_text(good, "good")
