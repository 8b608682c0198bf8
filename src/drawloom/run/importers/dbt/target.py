"""What texts of dbt say of the target on which they run: here it is production, on the engine of the project's dialect."""

from __future__ import annotations

from jinja2 import nodes

from drawloom.run.importers.jinja_text import Known, choose_branches, replace_spans, tags

_NAME = "prod"


def with_target(text: str, dialect: str) -> tuple[str, list[int]]:
    """The text with the branches of production, and the lines of the conditions that chose them."""
    text, chosen = choose_branches(text, _known(dialect))
    values = {"name": repr(_NAME), "type": repr(dialect)}
    edits: dict[tuple[int, int], str] = {}
    for tag in tags(text):
        tokens = tag.tokens
        for n, (kind, word, at) in enumerate(tokens[:-2]):
            attribute = tokens[n + 2][1]
            if kind == "name" and word == "target" and tokens[n + 1][1] == "." and attribute in values:
                edits[(at, tokens[n + 2][2] + len(attribute))] = values[attribute]
    return replace_spans(text, edits), chosen


def _known(dialect: str) -> Known:
    """What a condition on the name or the type of the target says."""
    values = {"name": _NAME, "type": dialect}

    def known(node: nodes.Expr) -> bool | None:
        if not isinstance(node, nodes.Compare) or not isinstance(node.expr, nodes.Getattr) or len(node.ops) != 1:
            return None
        value = values.get(node.expr.attr)
        if not isinstance(node.expr.node, nodes.Name) or node.expr.node.name != "target" or value is None:
            return None
        try:
            other = node.ops[0].expr.as_const()
        except nodes.Impossible:
            return None
        answers = {"eq": value == other, "ne": value != other}
        if isinstance(other, list | tuple):
            answers |= {"in": value in other, "notin": value not in other}
        return answers.get(node.ops[0].op)

    return known
