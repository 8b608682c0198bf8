"""CAST and TRY_CAST: what another engine's cast does otherwise is said in full."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from sqlglot import exp

from drawloom.sql.portable.kinds import DATE, INTS, TEXT, TIMESTAMP, UNKNOWN, Kind, from_type, known
from drawloom.sql.portable.nodes import kind_of, made, notes, text_of, typed
from drawloom.sql.portable.scope import Scope
from drawloom.sql.portable.speaker import Speaker, node_rule

_SPARK = {
    "tinyint": "TINYINT", "smallint": "SMALLINT", "integer": "INT", "bigint": "BIGINT", "hugeint": "DECIMAL(38, 0)",
    "float": "FLOAT", "double": "DOUBLE", "text": "STRING", "bool": "BOOLEAN", "date": "DATE", "json": "STRING",
    "timestamp": "TIMESTAMP_NTZ", "timestamptz": "TIMESTAMP_LTZ", "blob": "BINARY",
}  # fmt: skip
_TRINO = {
    "tinyint": "TINYINT", "smallint": "SMALLINT", "integer": "INTEGER", "bigint": "BIGINT", "hugeint": "DECIMAL(38, 0)",
    "float": "REAL", "double": "DOUBLE", "text": "VARCHAR", "bool": "BOOLEAN", "date": "DATE",
    "timestamp": "TIMESTAMP(6)", "timestamptz": "TIMESTAMP(6) WITH TIME ZONE", "time": "TIME(6)", "blob": "VARBINARY",
}  # fmt: skip
_NO_TEXT = "a text of floating-point numbers differs from engine to engine: cast to DECIMAL first"
_DAY = r"^\s*(\d{4})([-/ ])(\d{1,2})\2(\d{1,2})([ T]\d{1,2}:\d{2}:\d{2}(\.\d+)?)?\s*$"


def type_text(kind: Kind | None, spark: bool) -> str | None:
    """The type's name on the engine, None where it has no such type."""
    if kind is None:
        return None
    if kind.name == "decimal":
        return f"DECIMAL({kind.size[0]}, {kind.size[1]})"
    parts = [type_text(part, spark) for part in kind.parts]
    if any(part is None for part in parts):
        return None
    if kind.name == "list":
        return f"ARRAY<{parts[0]}>" if spark else f"ARRAY({parts[0]})"
    if kind.name == "map":
        return f"MAP<{parts[0]}, {parts[1]}>" if spark else f"MAP({parts[0]}, {parts[1]})"
    if kind.name == "struct":
        names = [exp.to_identifier(name, quoted=True).sql("spark" if spark else "trino") for name in kind.names]
        fields = zip(names, parts, strict=True)
        return (
            f"STRUCT<{', '.join(f'{n}: {t}' for n, t in fields)}>"
            if spark
            else f"ROW({', '.join(f'{n} {t}' for n, t in fields)})"
        )
    return (_SPARK if spark else _TRINO).get(kind.name)


@node_rule(exp.Cast, exp.TryCast)
def cast(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """CAST(x AS type), x::type, DATE '...' and TRY_CAST."""
    kind = from_type(node.args["to"])
    if kind is None or node.args.get("format"):
        raise speaker.refused(node, "Cast to a type that every engine has, as BIGINT, DECIMAL(18, 2) or TIMESTAMP.")
    inner = node.this.unnest()
    if isinstance(inner, exp.DPipe) and text_of(inner.this) == "0x" and kind.is_int:
        digits = speaker.say(inner.expression, scope)
        text = "CAST(conv(_1, 16, 10) AS {})" if speaker.spark else "CAST(from_base(_1, 16) AS {})"
        return made(speaker.family, text.format(type_text(kind, speaker.spark)), kind, digits)
    return cast_to(speaker, speaker.say(node.this, scope), kind, node, isinstance(node, exp.TryCast))


def cast_to(speaker: Speaker, said: exp.Expr, kind: Kind, node: exp.Expr, attempt: bool = False) -> exp.Expr:
    """What is said already, cast as DuckDB casts it."""
    have = known(kind_of(said))
    if have == kind and kind.name != "null":
        return said
    if kind.name == "struct" and notes(said).fields is not None and not attempt:
        said = _cast_row(speaker, notes(said).fields or (), kind, node)
    as_day = notes(said).as_day
    if kind == DATE and as_day is not None:
        return typed(as_day, DATE)
    text = _CASTS[kind.name](Asked(speaker, said, have, kind, node, attempt)) if kind.name in _CASTS else None
    name = type_text(kind, speaker.spark)
    if name is None:
        raise speaker.refused(node, "Cast to a type that every engine has, as BIGINT, DECIMAL(18, 2) or TIMESTAMP.")
    verb = "TRY_CAST" if attempt else "CAST"
    return made(speaker.family, text or f"{verb}(_1 AS {name})", kind, said)


def _cast_row(speaker: Speaker, fields: tuple[exp.Expr, ...], kind: Kind, node: exp.Expr) -> exp.Expr:
    """row(a, b) with each member cast by itself."""
    if len(fields) != len(kind.parts):
        raise speaker.refused(node, "Give the row as many members as the STRUCT has.")
    parts = [cast_to(speaker, field, part, node) for field, part in zip(fields, kind.parts, strict=True)]
    return typed(exp.Anonymous(this="struct" if speaker.spark else "row", expressions=parts), kind_of_row(parts))


def kind_of_row(parts: list[exp.Expr]) -> Kind:
    """The type of a row of these."""
    return Kind("struct", tuple(kind_of(part) or UNKNOWN for part in parts), tuple("" for _ in parts))


@dataclass(frozen=True, slots=True)
class Asked:
    """A cast: of what, which type that has, to which it is to go, and whether NULL will do where that fails."""

    speaker: Speaker
    said: exp.Expr
    have: Kind | None
    kind: Kind
    node: exp.Expr
    attempt: bool


_Caster = Callable[[Asked], str | None]


def _to_int(ask: Asked) -> str | None:
    name, verb = type_text(ask.kind, ask.speaker.spark), "TRY_CAST" if ask.attempt else "CAST"
    tied = "CASE WHEN abs({x}) % 2 = 5e-1 THEN truncate({x}) ELSE {x} END"
    if ask.have is None:
        if ask.attempt:
            return _tried_unknown(name) if ask.speaker.spark else _tried_int(name)
        if ask.speaker.spark:
            return (
                f"CASE WHEN typeof(_1) IN ('double', 'float') THEN CAST(bround(CAST(_1 AS DOUBLE), 0) AS {name})"
                f" WHEN typeof(_1) LIKE 'decimal%' THEN CAST(round(_1) AS {name}) ELSE CAST(_1 AS {name}) END"
            )
        return (
            "CASE WHEN typeof(_1) IN ('double', 'real') THEN"
            f" CAST({tied.format(x='CAST(_1 AS DOUBLE)')} AS {name}) ELSE CAST(_1 AS {name}) END"
        )
    if ask.have.name == "text" and ask.attempt:
        return _tried_int(name)
    if ask.have.is_float:
        return f"{verb}({'rint(_1)' if ask.speaker.spark else tied.format(x='_1')} AS {name})"
    if ask.have.name == "decimal" and ask.speaker.spark and ask.have.size[1]:
        return f"{verb}(round(_1) AS {name})"
    if ask.have.is_int or ask.have.name in {"decimal", "text", "bool", "null"}:
        return None
    raise ask.speaker.refused(
        ask.node, "Cast a number, a text or a boolean to a whole number; take days apart with date_diff or epoch."
    )


def _tried_unknown(name: str | None) -> str:
    return (
        f"CASE WHEN typeof(_1) IN ('double', 'float') THEN TRY_CAST(bround(TRY_CAST(_1 AS DOUBLE), 0) AS {name})"
        f" WHEN typeof(_1) LIKE 'decimal%' THEN TRY_CAST(round(TRY_CAST(_1 AS DECIMAL(38, 18))) AS {name})"
        f" ELSE {_tried_int(name)} END"
    )


def _tried_int(name: str | None) -> str:
    return f"coalesce(TRY_CAST(_1 AS {name}), TRY_CAST(round(TRY_CAST(TRIM(BOTH ' ' FROM _1) AS DECIMAL(38, 18))) AS {name}))"


_WORDS = {
    "nan": "nan()", "inf": "infinity()", "infinity": "infinity()", "-inf": "-infinity()", "-infinity": "-infinity()",
}  # fmt: skip


def _to_float(ask: Asked) -> str | None:
    name = type_text(ask.kind, ask.speaker.spark)
    if ask.have and not (ask.have.is_number or ask.have.name in {"text", "bool", "null"}):
        raise ask.speaker.refused(ask.node, "Cast a number or a text to DOUBLE.")
    word = (text_of(ask.said) or "").strip().lower()
    if word in _WORDS and not ask.speaker.spark:
        return f"CAST({_WORDS[word]} AS {name})"
    if not ask.attempt or (ask.have and ask.have.name != "text"):
        return None
    if ask.speaker.spark:
        return f"CASE WHEN NOT _1 RLIKE '[0-9.][dDfF]\\\\s*$' THEN TRY_CAST(_1 AS {name}) END"
    words = " ".join(f"WHEN '{word}' THEN {value}" for word, value in _WORDS.items())
    tried = f"CASE WHEN NOT regexp_like(_1, '[0-9.][dDfF]\\s*$') THEN TRY_CAST(_1 AS {name}) END"
    return f"CASE lower(trim(_1)) {words} ELSE {tried} END"


def _to_decimal(ask: Asked) -> str | None:
    if ask.have and not (ask.have.is_number or ask.have.name in {"text", "bool", "null"}):
        raise ask.speaker.refused(ask.node, "Cast a number or a text to DECIMAL.")
    if ask.attempt and ask.have == TEXT and not ask.speaker.spark:
        return f"TRY_CAST(TRIM(BOTH ' ' FROM _1) AS {type_text(ask.kind, False)})"
    return None


def _to_text(ask: Asked) -> str | None:
    if ask.have is None:
        return _SPARK_TEXT if ask.speaker.spark else _TRINO_TEXT
    if ask.have.name == "timestamp":
        return None if ask.speaker.spark else f"regexp_replace(CAST(_1 AS VARCHAR), {_FRACTION})"
    if ask.have.name == "json":
        return None if ask.speaker.spark else "json_format(_1)"
    if ask.have.is_int or ask.have.name in {"text", "bool", "date", "decimal", "null"}:
        return None
    raise ask.speaker.refused(
        ask.node,
        "Cast to DECIMAL(18, 4) first: each engine writes floating-point numbers in its own way."
        if ask.have.is_float
        else "Cast the parts one by one.",
    )


_FRACTION = r"'\.0+$|(\.\d*[1-9])0+$', '$1'"
_SPARK_TEXT = (
    "CASE WHEN typeof(_1) RLIKE '^(float|double|array|struct|map|timestamp$)'"
    f" THEN raise_error('{_NO_TEXT}') ELSE CAST(_1 AS STRING) END"
)
_TRINO_TEXT = (
    f"CASE WHEN typeof(_1) IN ('real', 'double') THEN CAST(fail('{_NO_TEXT}') AS VARCHAR) WHEN typeof(_1) LIKE 'timestamp%'"
    f" THEN regexp_replace(CAST(_1 AS VARCHAR), {_FRACTION}) ELSE CAST(_1 AS VARCHAR) END"
)


def _to_bool(ask: Asked) -> str | None:
    if ask.attempt and (ask.have is None or ask.have == TEXT):
        return "CASE WHEN lower(_1) IN ('true', 't', '1', 'yes', 'y') THEN TRUE WHEN lower(_1) IN ('false', 'f', '0', 'no', 'n') THEN FALSE END"
    return None


def _to_date(ask: Asked) -> str | None:
    literal = text_of(ask.said)
    if literal is not None:
        day = _day(literal)
        if day is None and not ask.attempt:
            raise ask.speaker.refused(ask.node, "Write the day as DATE '2026-01-31'.")
        if day is not None:
            return f"CAST('{day}' AS DATE)"
    if not ask.attempt or (ask.have and ask.have != TEXT):
        return None
    if ask.speaker.spark:
        pattern = _DAY.replace("\\", "\\\\")
        return f"CASE WHEN _1 RLIKE '{pattern}' THEN TRY_CAST(regexp_replace(_1, '{pattern}', '$1-$3-$4') AS DATE) END"
    return f"CASE WHEN regexp_like(_1, '{_DAY}') THEN TRY_CAST(regexp_replace(_1, '{_DAY}', '$1-$3-$4') AS DATE) END"


def _day(literal: str) -> str | None:
    found = re.match(_DAY, literal)
    try:
        return date(int(found[1]), int(found[3]), int(found[4])).isoformat() if found else None
    except ValueError:
        return None


def _to_timestamp(ask: Asked) -> str | None:
    literal = text_of(ask.said)
    if literal is not None and ask.kind == TIMESTAMP:
        try:
            time = datetime.fromisoformat(literal.strip())
        except ValueError:
            time = None
        if time is None or time.tzinfo:
            raise ask.speaker.refused(ask.node, "Write the time as TIMESTAMP '2026-01-31 23:59:59'.")
        return f"CAST('{time.isoformat(' ')}' AS {type_text(ask.kind, ask.speaker.spark)})"
    if ask.attempt and (ask.have is None or ask.have == TEXT):
        raise ask.speaker.refused(
            ask.node, "Write try_strptime(x, '%Y-%m-%d %H:%M:%S'), with the form that the text has."
        )
    if ask.have == TEXT and not ask.speaker.spark:
        return f"CAST(replace(_1, 'T', ' ') AS {type_text(ask.kind, False)})"
    return None


def _to_json(ask: Asked) -> str | None:
    raise ask.speaker.refused(ask.node, "Keep JSON as text, and take it apart with json_extract_string.")


def _to_nested(ask: Asked) -> str | None:
    """Only where the parts need no rule of their own: the engine casts them one by one."""
    if ask.have is None or ask.have.name == "null":
        return None
    same = ask.have.name == ask.kind.name and len(ask.have.parts) == len(ask.kind.parts)
    if not same or not all(_plainly(one, other) for one, other in zip(ask.have.parts, ask.kind.parts, strict=True)):
        raise ask.speaker.refused(
            ask.node, "Cast the parts one by one, as list_transform(x, lambda e: CAST(e AS BIGINT))."
        )
    return None


def _plainly(have: Kind, kind: Kind) -> bool:
    if have == kind or have.name in {"null", "unknown"}:
        return have.name != "unknown" or not kind.parts
    if have.name == kind.name and have.parts and len(have.parts) == len(kind.parts):
        return all(_plainly(one, other) for one, other in zip(have.parts, kind.parts, strict=True))
    return have.is_int and (kind.is_number or kind == TEXT)


_CASTS: dict[str, _Caster] = {
    **dict.fromkeys(INTS, _to_int), "float": _to_float, "double": _to_float, "decimal": _to_decimal, "text": _to_text, "bool": _to_bool,
    "date": _to_date, "timestamp": _to_timestamp, "timestamptz": _to_timestamp, "json": _to_json,
    "list": _to_nested, "struct": _to_nested, "map": _to_nested,
}  # fmt: skip
