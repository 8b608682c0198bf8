"""What a field's rule refuses, told in our own words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from drawloom.model import Fix, Problem, Where
from drawloom.specs.document import Document, Keys

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
    "value_error": "{error}",
}


class RuleError(ValueError):
    """A rule that a value breaks: ``must be ...``, without the value, and what to do about it."""

    def __init__(self, rule: str, fix: str | None = None) -> None:
        super().__init__(rule)
        self.fix = fix


def nearest(name: str, names: Iterable[str]) -> str | None:
    """A sentence that offers the name that looks most like this one, None when none does."""
    by_lower = {other.lower(): other for other in names}
    found = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return f"Did you mean {by_lower[found[0]]}?" if found else None


def problems_of(
    error: ValidationError, model: type[BaseModel], document: Document | None, where: Where
) -> list[Problem]:
    """One problem per fault, at the line of the value; ``where`` is the place when there is no document."""
    faults = error.errors(include_url=False)
    return [_problem(fault, model, document, where) for fault in faults]


def shown(value: object) -> str:
    """A value as messages print it: on one line, and not longer than 80 characters."""
    text = str(value) if isinstance(value, bool | int | float) or hasattr(value, "isoformat") else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _problem(fault: Mapping[str, Any], model: type[BaseModel], document: Document | None, where: Where) -> Problem:
    keys: Keys = tuple(key for key in fault["loc"] if key != "[key]")
    place = document.where(*keys) if document else where
    name = _dotted(keys) or "value"
    match fault["type"]:
        case "missing":
            return Problem("missing", "error", f"{name} is missing, must be given.", place, _help(model, keys))
        case "extra_forbidden":
            return _unknown(keys, model, place)
        case kind:
            rule = _RULES.get(kind, f"must be another kind of value ({kind})").format(**fault.get("ctx", {}))
            cause = fault.get("ctx", {}).get("error")
            fix = getattr(cause, "fix", None) or _literal_fix(fault)
            value = _written(keys, document, fault["input"])
            return Problem("invalid", "error", f"{name} == {shown(value)}, {rule}.", place, Fix(fix) if fix else None)


def _unknown(keys: Keys, model: type[BaseModel], place: Where) -> Problem:
    known = list(_model_at(model, keys[:-1]).model_fields)
    fix = nearest(str(keys[-1]), known)
    message = f"{_dotted(keys)} is an unknown key, must be one of {', '.join(known)}."
    return Problem("unknown-key", "error", message, place, Fix(fix) if fix else None)


def _help(model: type[BaseModel], keys: Keys) -> Fix | None:
    field = _model_at(model, keys[:-1]).model_fields.get(str(keys[-1])) if keys else None
    return Fix(f"It is {field.description}") if field and field.description else None


def _literal_fix(fault: Mapping[str, Any]) -> str | None:
    if fault["type"] != "literal_error":
        return None
    return nearest(str(fault["input"]), fault["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", "))


def _model_at(model: type[BaseModel], keys: Keys) -> type[BaseModel]:
    for key in keys:
        field = model.model_fields.get(str(key))
        model = (field and _inner(field.annotation)) or model
    return model


def _inner(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _inner(part))), None)


def _written(keys: Keys, document: Document | None, value: object) -> object:
    """The value as it stands in the file: what came from the environment is never printed."""
    found: Any = document.data if document else None
    for key in keys if document else ():
        if isinstance(found, Mapping) and key in found:
            found = found[str(key)]
        elif isinstance(found, Sequence) and isinstance(key, int) and key < len(found) and not isinstance(found, str):
            found = found[key]
        else:
            return value
    return found if document else value


def _dotted(keys: Keys) -> str:
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
    return text.removeprefix(".")
