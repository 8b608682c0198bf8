"""The text of a dbt model as the SQL of a spec: its ``ref`` and ``source``, its variables, and what else its tags call."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from jinja2 import nodes
from sqlglot.errors import SqlglotError

from drawloom.run.importers.dbt.models import Model, Tables
from drawloom.run.importers.dbt.settings import Settings
from drawloom.run.importers.dbt.target import with_target
from drawloom.run.importers.imported import ImportedFile
from drawloom.run.importers.jinja_text import (
    Call,
    Tag,
    expression,
    find_line,
    line_of,
    replace_spans,
    syntax_error,
    tags,
    undefined_names,
)
from drawloom.run.importers.sql_tables import ends_with_alias, tokens_of
from drawloom.run.importers.upstream import Upstream, table_name
from drawloom.sql.rename import mask_tags

# What a template of ours knows of dbt.
KNOWN = frozenset(
    [
        "ref",
        "source",
        "var",
        "config",
        "is_incremental",
        "this",
        "execute",
        "log",
        "modules",
        "return",
        "ds",
        "adapter.dispatch",
        "this.schema",
        "this.table",
        "this.name",
        "this.identifier",
        "range",
        "dict",
        "namespace",
        "loop",
        "caller",
        "varargs",
        "kwargs",
        "modules.datetime",
        "params",
    ]
)


@dataclass(slots=True)
class Converter:
    """Converts texts of one project.

    Args:
        settings: those of the project.
        tables: what texts can name.
        macros: the names of macros that the project will have.
        refused: the names of macros that it will not have, with the reason.
    """

    settings: Settings
    tables: Tables
    macros: AbstractSet[str] = frozenset()
    refused: Mapping[str, str] = field(default_factory=dict)
    unknown: dict[str, Upstream] = field(default_factory=dict)

    def convert(self, text: str, entry: ImportedFile, model: Model | None = None) -> tuple[str, dict[str, Any]]:
        """The text in our words and the variables that it uses; what is not expressed is noted in the entry."""
        text, chosen = with_target(text, self.settings.dialect)
        edits: dict[tuple[int, int], str] = {}
        params: dict[str, Any] = {}
        if chosen:
            entry.note("target", "What depends on the target was taken as that of `prod`.", chosen[0])
        contexts = self._contexts(text)
        for tag in tags(text):
            if tag.prints and [value for _, value, _ in tag.tokens] == ["this"] and model:
                edits[(tag.start, tag.end)] = self._own_past(tag, model, text, contexts)
            for call in tag.calls():
                if (new := self._replacement(call, tag, text, entry, contexts, params)) is not None:
                    edits[(tag.start, tag.end) if call.is_whole else (call.start, call.end)] = new
        made = replace_spans(text, edits)
        self._check_names(made, text, entry)
        return made, params

    def _replacement(
        self,
        call: Call,
        tag: Tag,
        text: str,
        entry: ImportedFile,
        contexts: Mapping[int, tuple[str, bool]],
        params: dict[str, Any],
    ) -> str | None:
        line = line_of(text, call.start)
        match call.name:
            case "config":
                return "" if call.is_whole else None
            case "ref" | "source":
                return self._table(call, tag, entry, contexts, line)
            case "var":
                self._variable(call, params, entry, line)
            case "env_var":
                return self._environment(call, entry, line)
        return None

    def _table(
        self, call: Call, tag: Tag, entry: ImportedFile, contexts: Mapping[int, tuple[str, bool]], line: int
    ) -> str | None:
        if not call.arguments:
            fix = "Write the names of the tables that it may be."
            entry.refuse("computed-name", f"{call.name}({call.text}) names a table that is computed.", line, fix)
            return None
        upstream = self.tables.resolve(call.name, *call.arguments, **call.keywords)
        if upstream is None:
            upstream = self._not_made(call, entry, line)
        alias = str(call.arguments[-1])
        alias = alias if alias.isidentifier() else f'"{alias}"'
        if not call.is_whole:
            return _as_jinja(upstream.read(self.settings.dialect))
        before, aliased = contexts.get(tag.start, ("FROM", False))
        if before == "qualifies":
            return alias
        return upstream.read(self.settings.dialect, "" if aliased else alias)

    def _not_made(self, call: Call, entry: ImportedFile, line: int) -> Upstream:
        names = [str(one) for one in call.arguments or ()]
        table = table_name(names[0] if len(names) > 1 else self.settings.name, names[-1])
        what = f"{call.name}({', '.join(map(repr, names))})"
        message = f"{what} is not made by what was imported; {table} was declared as a source."
        entry.note("external", message, line, "Put its rows where `sources` in drawloom.yml says.")
        return self.unknown.setdefault(table, Upstream(table, "whole"))

    def _own_past(self, tag: Tag, model: Model, text: str, contexts: Mapping[int, tuple[str, bool]]) -> str:
        before, aliased = contexts.get(tag.start, ("FROM", False))
        message = "It reads what is in its own table, here the partitions before the run's day."
        model.entry.note("this", message, line_of(text, tag.start))
        if before == "qualifies":
            return model.name
        return model.upstream.read_past(self.settings.dialect, "" if aliased else model.name)

    def _variable(self, call: Call, params: dict[str, Any], entry: ImportedFile, line: int) -> None:
        """Note the value of a variable for the spec; one without a value needs a default."""
        written = expression(f"f({call.text})")
        arguments = written.args if isinstance(written, nodes.Call) else []
        name = arguments[0].value if arguments and isinstance(arguments[0], nodes.Const) else None
        if isinstance(name, str) and name in self.settings.variables:
            value = self.settings.plain({"value": self.settings.variables[name]})["value"]
            if isinstance(value, str) and "{{" in value:
                entry.refuse("variable", f"var({name!r}) is computed: {value}", line, "Give it under `params`.")
            params[name] = value
        elif len(arguments) < 2:
            fix = "Give it under `params`."
            entry.refuse("variable", f"var({call.text}) has no value in dbt_project.yml.", line, fix)

    def _environment(self, call: Call, entry: ImportedFile, line: int) -> str | None:
        if not call.arguments or len(call.arguments) < 2:
            fix = "Write the value itself: SQL must not depend on the machine."
            entry.refuse("env-var", f"env_var({call.text}) has no default.", line, fix)
            return None
        entry.note("env-var", f"env_var({call.text}) was taken as its default.", line)
        return str(call.arguments[1]) if call.is_whole else repr(call.arguments[1])

    def _contexts(self, text: str) -> dict[int, tuple[str, bool]]:
        """For each expression, whether it qualifies a column, and whether an alias follows."""
        try:
            tokens = tokens_of(mask_tags(text), self.settings.dialect)
        except SqlglotError:
            return {}
        found = {}
        for n, token in enumerate(tokens):
            after = tokens[n + 1 : n + 2]
            qualifies = bool(after) and after[0].token_type.name == "DOT"
            found[token.start] = ("qualifies" if qualifies else "FROM", ends_with_alias(after))
        return found

    def _check_names(self, made: str, text: str, entry: ImportedFile) -> None:
        if error := syntax_error(made):
            entry.refuse("template", f"It is no Jinja template that is read here: {error[0]}.", error[1])
            return
        for name in sorted(undefined_names(made) - {"env_var"}):  # which was refused before
            root, _, attribute = name.partition(".")
            if name in KNOWN or root in KNOWN - {"this", "adapter"} or name in self.macros or attribute in self.macros:
                continue
            reason = self.refused.get(name) or self.refused.get(attribute)
            what = f"The macro {name} was not imported: {reason}" if reason else f"{name} is not known here"
            fix = "Write its SQL into the text, or a macro of this name into macros/."
            entry.refuse("macro" if reason else "unknown-name", f"{what}.", find_line(text, name), fix)


def _as_jinja(sql: str) -> str:
    """A text with ``{{ ds }}`` as an expression inside of a tag."""
    for day, value in (("{{ ds }}", "ds"), ("{{ macros.ds_add(ds, -1) }}", "macros.ds_add(ds, -1)")):
        sql = sql.replace(day, f'" ~ {value} ~ "')
    return f'("{sql}")'
