"""The macros of a dbt project: those that our templates can run, and why the others cannot be imported."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files as files_of

from drawloom.model import InputError
from drawloom.run.importers.dbt.convert import KNOWN, Converter
from drawloom.run.importers.dbt.settings import Settings
from drawloom.run.importers.dbt.target import with_target
from drawloom.run.importers.imported import Imported, ImportedFile
from drawloom.run.importers.jinja_text import line_of, syntax_error, tags, undefined_names
from drawloom.run.importers.project_files import ProjectFiles
from drawloom.sql.dialect import DIALECTS
from drawloom.sql.template.macro_files import Macros
from drawloom.sql.template.rendering import Template

_NAME = re.compile(r"macro\s+(\w+)")
_HOOKS = frozenset(
    {"generate_schema_name", "generate_alias_name", "generate_database_name", "ref", "source", "builtins"}
)
_DIALECTS = frozenset({*DIALECTS, "databricks", "fabric", "sqlserver", "athena", "clickhouse", "synapse"})
# What asks the warehouse while a template is rendered, or changes it.
_LIVE = frozenset(
    [
        "run_query",
        "statement",
        "load_result",
        "graph",
        "adapter",
        "api",
        "exceptions",
        "target",
        "env_var",
        "store_result",
        "invocation_id",
        "selected_resources",
        "flags",
        "model",
        "run_started_at",
        "dbt_version",
        "builtins",
        "write",
        "print",
        "zip",
        "set",
        "fromjson",
        "tojson",
        "fromyaml",
        "toyaml",
        "local_md5",
        "schema",
        "database",
        "schemas",
        "project_name",
        "context",
        "thread_id",
        "invocation_args_dict",
        "results",
        "database_schemas",
        "on_run_end",
    ]
)


@dataclass(frozen=True, slots=True)
class Macro:
    """A macro of a file."""

    name: str
    text: str
    entry: ImportedFile
    line: int


def find_macros(files: ProjectFiles, settings: Settings, made: Imported) -> dict[str, Macro]:
    """The macros of all files, by name."""
    found: dict[str, Macro] = {}
    for folder in settings.paths["macros"]:
        for file in files.under(folder, ".sql"):
            entry = made.file(file)
            text, _ = with_target(files.read(entry) or "", settings.dialect)
            for macro in _macros_of(text, entry):
                if macro.name in found:
                    entry.refuse("two-macros", f"{macro.name} is also in {found[macro.name].entry.file}.", macro.line)
                else:
                    found[macro.name] = macro
    return found


def of_dialect(macros: Mapping[str, Macro], dialect: str) -> dict[str, Macro]:
    """The macros that a dialect calls: its own variant stands for the default one, and those of others are left."""
    found: dict[str, Macro] = {}
    for name, macro in macros.items():
        prefix, _, rest = name.partition("__")
        if not rest or prefix not in _DIALECTS:
            found.setdefault(name, macro)
        elif prefix == dialect:
            called = f"default__{rest}"
            found[called] = replace(macro, name=called, text=macro.text.replace(name, called, 1))
    return found


def _macros_of(text: str, entry: ImportedFile) -> Iterator[Macro]:
    opened: tuple[str, int] | None = None
    for tag in tags(text):
        if tag.word == "macro" and opened is None and (name := _NAME.search(tag.text)):
            opened = name[1], tag.start
        elif tag.word == "endmacro" and opened:
            yield Macro(opened[0], text[opened[1] : tag.end], entry, line_of(text, opened[1]))
            opened = None
        elif opened is None and tag.word in {"test", "materialization", "snapshot", "docs", "data_test"}:
            entry.refuse("dbt-block", f"dbt's {{% {tag.word} %}} is not read.", line_of(text, tag.start))


def package_macros(dialect: str) -> dict[str, Macro]:
    """What dbt and dbt_utils bring along, of a dialect, as far as it is known here."""
    text = (files_of("drawloom.run.importers.dbt") / "packages.sql").read_text(encoding="utf-8")
    listed = {macro.name: macro for macro in _macros_of(text, ImportedFile("packages.sql"))}
    own = f"{dialect}__"
    found = {name: macro for name, macro in listed.items() if "__" not in name}
    for name, macro in listed.items():
        if name.startswith(own):
            plain = name.removeprefix(own)
            found[plain] = replace(macro, name=plain, text=macro.text.replace(name, plain, 1))
    return found


def write_package_macros(macros: Mapping[str, Macro], made: Imported) -> None:
    """Those that the texts of the project call, also through one another."""
    known = Macros({name: macro.text for name, macro in macros.items()})
    calling = [tag.text for path, text in made.texts.items() if path.endswith(".sql") for tag in tags(text)]
    if text := known.used_by(*calling):
        made.texts["macros/dbt_packages.sql"] = text + "\n"


def choose_macros(macros: Mapping[str, Macro], packaged: Mapping[str, Macro]) -> dict[str, str]:
    """The names of the macros that cannot be imported, with the reason; also of those that call them."""
    refused: dict[str, str] = {}
    for macro in macros.values():
        if reason := _reason(macro, {**packaged, **macros}):
            refused[macro.name] = reason
    while True:
        more = {
            macro.name: f"it calls {called}, which was not imported"
            for macro in macros.values()
            if macro.name not in refused and (called := _calls_one_of(macro, refused))
        }
        if not more:
            return refused
        refused |= more


def _reason(macro: Macro, macros: Mapping[str, Macro]) -> str:
    if macro.name in _HOOKS or macro.name.startswith("test_"):
        return "it says how dbt itself works"
    if error := syntax_error(macro.text):
        return error[0]
    for name in sorted(undefined_names(macro.text)):
        root, _, attribute = name.partition(".")
        if name in KNOWN or root in KNOWN - {"this", "adapter"} or name in macros or attribute in macros:
            continue
        if root in _LIVE:
            return f"it uses {name}, which only a running dbt has"
        return f"it uses {name}, which is not known here"
    try:
        Template(macro.text)
    except InputError as failed:
        return str(failed.problems[0].message)
    return ""


def _calls_one_of(macro: Macro, refused: dict[str, str]) -> str:
    names = undefined_names(macro.text)  # a macro with an error is refused before
    return next((name for name in refused if name in names or any(one.endswith(f".{name}") for one in names)), "")


def write_macros(macros: dict[str, Macro], refused: dict[str, str], converter: Converter, made: Imported) -> None:
    """The macros that can be imported, each in a file of the name of its own, and notes about the others."""
    for macro in macros.values():
        if macro.name in refused:
            fix = "Write what it does as a macro of ours, or as SQL where it is called."
            macro.entry.refuse("macro", f"{macro.name}: {refused[macro.name]}.", macro.line, fix)
            continue
        text, _ = converter.convert(macro.text, macro.entry)
        path = f"macros/{macro.entry.file.rpartition('/')[2]}"
        made.write(path, text.rstrip() + "\n", macro.entry)
