"""Writes the reference pages that are generated from the code: CLI, specs, advice and portable functions."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from drawloom.frameworks.base import Framework
    from drawloom.frameworks.commands import CommandGroup
    from drawloom.frameworks.page import Page
    from drawloom.model import Pipeline
    from drawloom.specs.base import Spec

ROOT = Path(__file__).parents[1]
WORDS = {
    "string": "text",
    "integer": "number",
    "number": "number",
    "boolean": "true or false",
    "date": "day",
    "object": "mapping",
}
MARK = "<!-- generated below this line -->\n"


def cli() -> str:
    """The --help of every command."""
    from typer.main import get_command

    from drawloom.cli.main import app

    paths = list(_commands(get_command(app), ()))
    return "\n".join(f"## {' '.join(('drawloom', *path))}\n\n```text\n{_help(path)}\n```\n" for path in paths)


def _commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield path
    if hasattr(command, "list_commands"):
        for name in sorted(command.list_commands(None)):
            sub = command.get_command(None, name)
            if not sub.hidden:
                yield from _commands(sub, (*path, name))


def _help(path: tuple[str, ...]) -> str:
    from typer.testing import CliRunner

    from drawloom.cli.main import app

    plain = {"COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1", "TERM": "dumb"}
    done = CliRunner(env=plain).invoke(app, [*path, "--help"], prog_name="drawloom", catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return "\n".join(line.rstrip() for line in done.output.strip("\n").splitlines())


def specs() -> str:
    """The keys of drawloom.yml and of unit tests, and the kinds of specs."""
    from drawloom.specs.config import Config
    from drawloom.specs.unit_test import UnitTest

    tests = UnitTest.model_json_schema()
    tests["properties"].pop("name")
    kinds = [f"- [`kind: {kind}`](frameworks/{kind}.md)" for kind in KINDS]
    parts = [_model("drawloom.yml", Config.model_json_schema()), _model("tests/*.yml, by name", tests)]
    return "\n".join([*parts, "## Kinds of specs\n", *kinds])


def framework(kind: str) -> str:
    """The reference of a framework, from its README, its spec, the tables of its example, and its page."""
    from drawloom.frameworks.base import KnownTable, ProjectContext, SpecCompiler, frameworks

    found = frameworks()
    examples = {one: _example(found[one]) for one in KINDS}
    given = tuple(map(KnownTable, ("core.orders", "raw.clicks", "raw.debug_clicks")))
    context = ProjectContext("example", date(2026, 1, 1), today=date(2026, 1, 1), given=given)
    # Those of all frameworks: an experiment names metrics.
    pipeline = SpecCompiler(found, list(examples.values()), context).pipeline(examples[kind])
    intro = re.sub(r"\]\((\.\./)+docs/", "](../", _readme(found[kind]).partition("\n## ")[0])
    parts = [intro, _model("Keys", found[kind].Spec.model_json_schema()), _tables(pipeline)]
    page, commands = found[kind].page, found[kind].commands
    parts += [_page(page(examples[kind], {}))] if page else []
    return "\n".join([*parts, *([_group(commands)] if commands else [])])


def _readme(found: Framework) -> str:
    assert found.readme, found.kind
    return found.readme.read_text(encoding="utf-8")


def _example(found: Framework) -> Spec:
    """The spec in a framework's README."""
    from drawloom.specs.document import parse_yaml

    text = _readme(found).partition("```yaml\n")[2].partition("```")[0]
    (document,) = parse_yaml(text, f"{found.kind}.yml")
    return found.Spec.model_validate(document.data, context=document)


def _tables(pipeline: Pipeline) -> str:
    lines = ["## Tables\n", "Those of the example above. Every table is partitioned by `ds`.\n"]
    for step in pipeline.steps:
        lines += [f"### {step.into.name}\n", f"{step.into.description}\n"]
        if step.into.columns:
            lines += ["| column | type | meaning |", "|---|---|---|"]
            lines += [f"| `{c.name}` | {c.type} | {c.description} |" for c in step.into.columns]
            lines.append("")
    return "\n".join(lines)


def _page(page: Page) -> str:
    name = page.title.partition(":")[0]
    lines = ["## Page\n", f"`drawloom show {name}` begins with a verdict in words, and shows:\n"]
    lines += [f"- {fact.label}{f': {fact.note}' if fact.note else ''}" for fact in page.facts]
    lines += [f"- {block.title}{f': {block.caption}' if block.caption else ''}" for block in page.blocks]
    lines += ["\nWhat can be chosen:\n", "| option | values, the default first | meaning |", "|---|---|---|"]
    return "\n".join(
        [
            *lines,
            *(f"| `{c.flag}` | {', '.join(c.values) or 'latest, or a day'} | {c.label} |" for c in page.choices),
        ]
    )


def _group(group: CommandGroup) -> str:
    lines = ["\n## Commands\n"]
    for command in group.commands:
        name = f"drawloom {group.name} {command.name}"
        lines += [f"### {name}\n", f"{command.help}\n", "| option | meaning |", "|---|---|"]
        lines += [f"| `{option.flag}` | {option.label} |" for option in command.options]
    return "\n".join(lines)


def _model(title: str, schema: dict[str, Any], level: int = 2) -> str:
    lines = [f"{'#' * level} {title}\n", str(schema.get("description", "")).strip() + "\n"]
    lines += ["| key | type | default | meaning |", "|---|---|---|---|"]
    for key, field in schema.get("properties", {}).items():
        default = "required" if key in schema.get("required", ()) else _code(field.get("default"))
        meaning = " ".join(str(field.get("description", "")).split())
        lines.append(f"| `{key}` | {_type(field)} | {default} | {meaning} |")
    nested = [
        _model(name, sub, level + 1) for name, sub in sorted(schema.get("$defs", {}).items()) if "properties" in sub
    ]
    return "\n".join([*lines, "", *nested])


def _code(value: Any) -> str:
    return "" if value in (None, "") or isinstance(value, list | dict) else f"`{value}`"


def _type(field: dict[str, Any]) -> str:
    if "$ref" in field:
        return str(field["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in field:
        options = (_type(option) for option in field["anyOf"] if option.get("type") != "null")
        return " or ".join(dict.fromkeys(options))
    if "enum" in field or "const" in field:
        return " or ".join(f"`{value}`" for value in field.get("enum", [field.get("const")]))
    if field.get("type") == "array":
        return f"list of {_type(field.get('items', {}))}"
    return WORDS.get(str(field.get("format") or field.get("type")), "any")


def advice() -> str:
    """Every lint rule: an index, then the message and reason of each."""
    from drawloom.sql.lint import list_rules

    rules = list_rules()
    index = ["| code | severity | |", "|---|---|---|"]
    index += [f"| [{code}](#{code}) | {severity} | {_sentence(text)} |" for code, severity, text in rules]
    parts = [f"## {code}\n\n*{severity}*. {text}\n" for code, severity, text in rules]
    return "\n".join([*index, "", *parts])


def _sentence(text: str) -> str:
    first = " ".join(text.partition("\n\n")[0].split())
    return first.partition(". ")[0].rstrip(".").replace("|", "\\|") + "."


def portable() -> str:
    """The portable functions."""
    from drawloom.sql.translate.portable import markdown_table

    return markdown_table()


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
KINDS = sorted(PROJECT["entry-points"]["drawloom.frameworks"])
PAGES: dict[str, Callable[[], str]] = {
    "docs/cli.md": cli,
    "docs/specs.md": specs,
    "docs/advice.md": advice,
    "docs/portable.md": portable,
    **{f"docs/frameworks/{kind}.md": partial(framework, kind) for kind in KINDS},
}


def regenerate(page: str) -> str:
    """A page with its generated part rewritten; everything above the mark is kept."""
    head = (ROOT / page).read_text().split(MARK)[0]
    return head + MARK + "\n" + PAGES[page]().strip("\n") + "\n"


def main() -> None:
    """Write all pages; with --check, only report those that are not up to date."""
    stale = [page for page in PAGES if regenerate(page) != (ROOT / page).read_text()]
    if "--check" in sys.argv:
        sys.exit(f"{', '.join(stale)}: not up to date. Run scripts/docs." if stale else 0)
    for page in stale:
        (ROOT / page).write_text(regenerate(page))
        print(f"wrote {page}")


if __name__ == "__main__":
    main()
