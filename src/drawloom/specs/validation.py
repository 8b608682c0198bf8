"""Validation errors of pydantic as problems: our wording, the place in the file, and a fix."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from drawloom.model import Fix, Problem, Where
from drawloom.specs.document import Document, Keys
from drawloom.specs.secret_text import HIDDEN, hide_secrets, is_secret

_RULES = {
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "date_type": "must be a day like 2026-01-31",
    "dict_type": "must be lines of `key: value`",
    "mapping_type": "must be lines of `key: value`",
    "model_type": "must be lines of `key: value`",
    "list_type": "must be a list like [a, b]",
    "tuple_type": "must be a list like [a, b]",
    "callable_type": "must be a Python function: write this spec in Python",
    "literal_error": "must be {expected}",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "finite_number": "must be a finite number",
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
    "too_long": "must have at most {max_length}",
}


class RuleError(ValueError):
    """A rule that a value breaks: ``must be ...``, without the value, and what to do about it.

    ``at`` are the keys to the part of the value that is wrong.
    """

    def __init__(self, rule: str, fix: str | None = None, at: Keys = ()) -> None:
        super().__init__(rule)
        self.fix = fix
        self.at = at


class RulesError(ValueError):
    """Several rules that the parts of a value break."""

    def __init__(self, each: Sequence[RuleError]) -> None:
        super().__init__(str(each[0]))
        self.each = each


def did_you_mean(name: str, names: Iterable[str]) -> str | None:
    """A sentence that suggests the most similar name; None where none is similar."""
    found = did_you_mean_name(name, names)
    return f"Did you mean {found}?" if found else None


def did_you_mean_name(name: str, names: Iterable[str]) -> str | None:
    """The most similar name; None where none is similar."""
    by_lower = {other.lower(): other for other in names}
    found = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def explain_errors(
    error: ValidationError, model: type[BaseModel], document: Document | None, where: Where
) -> list[Problem]:
    """One problem per error, at the line of the value; ``where`` is the place where there is no document."""
    details = error.errors(include_url=False)
    # A list whose only values are invalid counts as empty: that they are is enough to say.
    parts = {detail["loc"][:-1] for detail in details if detail["loc"]}
    details = [detail for detail in details if detail["type"] != "too_short" or detail["loc"] not in parts]
    problems = [problem for detail in details for problem in _problems(detail, model, document, where)]
    return sorted(problems, key=lambda problem: problem.where.line or 0)


def display_value(value: object) -> str:
    """A value as messages show it: on one line, not longer than 80 characters, without passwords."""
    if value is None:
        return "null"
    text = str(value) if isinstance(value, bool | int | float) or hasattr(value, "isoformat") else repr(value)
    text = hide_secrets(text)
    return text if len(text) <= 80 else text[:77] + "..."


def _problems(
    detail: Mapping[str, Any], model: type[BaseModel], document: Document | None, where: Where
) -> Iterator[Problem]:
    *above, last = detail["loc"] or ("",)
    keys: Keys = tuple(above) if last == "[key]" else detail["loc"]
    for rule in _rules(detail):
        found = (*keys, *rule.at)
        place = document.where(*found) if document else where
        match detail["type"]:
            case "missing":
                yield _problem("missing", f"{dotted(found)} is missing.", place, _field_help(model, found))
            case "extra_forbidden":
                yield _unknown(found, model, place)
            case _ if last == "[key]":
                yield _problem(
                    "invalid", f"{dotted(found[:-1])} == {display_value(found[-1])}, {rule}.", place, rule.fix
                )
            case _:  # the value as written in the file: never that of an environment variable
                value = _value_at(document.data, found) if document else _value_at(detail["input"], rule.at)
                hidden = any(is_secret(str(key)) for key in found)
                shown = "is empty" if value is None else f"== {HIDDEN if hidden else display_value(value)}"
                yield _problem("invalid", f"{dotted(found) or 'value'} {shown}, {rule}.", place, rule.fix)


def _rules(detail: Mapping[str, Any]) -> Sequence[RuleError]:
    context = detail.get("ctx", {})
    match context.get("error"):
        case RulesError() as error:
            return error.each
        case RuleError() as error:
            return [error]
    rule = _RULES.get(detail["type"], "must be another kind of value").format(**context)
    return [RuleError(rule, _literal_fix(detail))]


def _problem(code: str, message: str, where: Where, fix: str | None) -> Problem:
    return Problem(code, "error", message, where, Fix(fix) if fix else None)


def _unknown(keys: Keys, model: type[BaseModel], place: Where) -> Problem:
    known = list(_model_at(model, keys[:-1]).model_fields)
    message = f"{dotted(keys)} is an unknown key, must be one of {', '.join(known)}."
    return _problem("unknown-key", message, place, did_you_mean(str(keys[-1]), known))


def _field_help(model: type[BaseModel], keys: Keys) -> str | None:
    field = _model_at(model, keys[:-1]).model_fields.get(str(keys[-1]))
    return f"It is {field.description}." if field and field.description else None


def _literal_fix(detail: Mapping[str, Any]) -> str | None:
    if detail["type"] != "literal_error":
        return None
    return did_you_mean(
        str(detail["input"]), detail["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", ")
    )


def _model_at(model: type[BaseModel], keys: Keys) -> type[BaseModel]:
    for key in keys:
        field = model.model_fields.get(str(key))
        model = (field and _model_in(field.annotation)) or model
    return model


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)


def _value_at(value: Any, keys: Keys) -> Any:
    for key in keys:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return value  # the key itself is wrong
    return value


def dotted(keys: Keys) -> str:
    """Keys as people write them: ``rules[0].match.type``."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
    return text.removeprefix(".")
