"""CAST and TRY_CAST with DuckDB's results: where the engine's own cast differs, an equivalent expression replaces it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from sqlglot import exp

from drawloom.model import InputError
from drawloom.sql.translate.expressions import info, string_value, type_of, with_type
from drawloom.sql.translate.scope import Scope
from drawloom.sql.translate.translator import Translator, node_rule
from drawloom.sql.translate.types import DATE, INTS, TEXT, TIMESTAMP, UNKNOWN, SqlType, known, type_from_node

_SPARK_TYPES = {
    "tinyint": "TINYINT", "smallint": "SMALLINT", "integer": "INT", "bigint": "BIGINT", "hugeint": "DECIMAL(38, 0)",
    "float": "FLOAT", "double": "DOUBLE", "text": "STRING", "bool": "BOOLEAN", "date": "DATE", "json": "STRING",
    "timestamp": "TIMESTAMP_NTZ", "timestamptz": "TIMESTAMP_LTZ", "blob": "BINARY",
}  # fmt: skip
_TRINO_TYPES = {
    "tinyint": "TINYINT", "smallint": "SMALLINT", "integer": "INTEGER", "bigint": "BIGINT", "hugeint": "DECIMAL(38, 0)",
    "float": "REAL", "double": "DOUBLE", "text": "VARCHAR", "bool": "BOOLEAN", "date": "DATE",
    "timestamp": "TIMESTAMP(6)", "timestamptz": "TIMESTAMP(6) WITH TIME ZONE", "time": "TIME(6)", "blob": "VARBINARY",
}  # fmt: skip
_FIX = "Cast to a type that every engine has, as BIGINT, DECIMAL(18, 2) or TIMESTAMP."
_NO_FLOAT_TEXT = "a text of floating-point numbers differs from engine to engine: cast to DECIMAL first"
_DATE_PATTERN = r"^\s*(\d{4})([-/ ])(\d{1,2})\2(\d{1,2})([ T]\d{1,2}:\d{2}:\d{2}(\.\d+)?)?\s*$"


def type_text(dtype: SqlType | None, spark: bool) -> str | None:
    """The type's name on the engine, None where it has no such type."""
    if dtype is None:
        return None
    if dtype.name == "decimal":
        return f"DECIMAL({dtype.size[0]}, {dtype.size[1]})"
    parts = [type_text(part, spark) for part in dtype.parts]
    if any(part is None for part in parts):
        return None
    if dtype.name == "list":
        return f"ARRAY<{parts[0]}>" if spark else f"ARRAY({parts[0]})"
    if dtype.name == "map":
        return f"MAP<{parts[0]}, {parts[1]}>" if spark else f"MAP({parts[0]}, {parts[1]})"
    if dtype.name == "struct":
        names = [exp.to_identifier(name, quoted=True).sql("spark" if spark else "trino") for name in dtype.names]
        fields = zip(names, parts, strict=True)
        return (
            f"STRUCT<{', '.join(f'{n}: {t}' for n, t in fields)}>"
            if spark
            else f"ROW({', '.join(f'{n} {t}' for n, t in fields)})"
        )
    return (_SPARK_TYPES if spark else _TRINO_TYPES).get(dtype.name)


@node_rule(exp.Cast, exp.TryCast)
def cast(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """CAST(x AS type), x::type, DATE '...' and TRY_CAST."""
    dtype = type_from_node(node.args["to"])
    if dtype is None or node.args.get("format"):
        raise translator.unsupported(node, _FIX)
    inner = node.this.unnest()
    if isinstance(inner, exp.DPipe) and string_value(inner.this) == "0x" and dtype.is_int:
        digits = translator.translate(inner.expression, scope)
        text = "CAST(conv(_1, 16, 10) AS {})" if translator.is_spark else "CAST(from_base(_1, 16) AS {})"
        return translator.build(text.format(type_text(dtype, translator.is_spark)), dtype, digits)
    return cast_to(translator, translator.translate(node.this, scope), dtype, node, isinstance(node, exp.TryCast))


def cast_to(
    translator: Translator, translated: exp.Expr, dtype: SqlType, node: exp.Expr, is_try: bool = False
) -> exp.Expr:
    """A translated expression, cast as DuckDB casts it."""
    source_type = known(type_of(translated))
    if source_type == dtype and dtype.name != "null":
        return translated
    if dtype.name == "struct" and info(translated).fields is not None and not is_try:
        translated = _cast_row(translator, info(translated).fields or (), dtype, node)
    as_day = info(translated).as_day
    if dtype == DATE and as_day is not None:
        return with_type(as_day, DATE)
    request = CastRequest(translator, translated, source_type, dtype, node, is_try)
    text = _CASTS[dtype.name](request) if dtype.name in _CASTS else None
    if request.target_name is None:
        raise translator.unsupported(node, _FIX)
    return translator.build(text or f"{request.verb}(_1 AS {request.target_name})", dtype, translated)


def _cast_row(translator: Translator, fields: tuple[exp.Expr, ...], dtype: SqlType, node: exp.Expr) -> exp.Expr:
    """row(a, b) with each member cast on its own."""
    if len(fields) != len(dtype.parts):
        raise translator.unsupported(node, "Give the row as many members as the STRUCT has.")
    parts = [cast_to(translator, field, part, node) for field, part in zip(fields, dtype.parts, strict=True)]
    return with_type(exp.Anonymous(this="struct" if translator.is_spark else "row", expressions=parts), row_type(parts))


def row_type(parts: list[exp.Expr]) -> SqlType:
    """The type of a row with these members."""
    return SqlType("struct", tuple(type_of(part) or UNKNOWN for part in parts), tuple("" for _ in parts))


@dataclass(frozen=True, slots=True)
class CastRequest:
    """A cast of a translated expression from one type to another; ``is_try`` for TRY_CAST."""

    translator: Translator
    translated: exp.Expr
    source_type: SqlType | None
    target_type: SqlType
    node: exp.Expr
    is_try: bool

    @property
    def is_spark(self) -> bool:
        """Whether the target is Spark."""
        return self.translator.is_spark

    @property
    def target_name(self) -> str | None:
        """The engine's name of the target type, None where it has no such type."""
        return type_text(self.target_type, self.is_spark)

    @property
    def verb(self) -> str:
        """``CAST`` or ``TRY_CAST``."""
        return "TRY_CAST" if self.is_try else "CAST"

    def unsupported(self, fix: str) -> InputError:
        """The error for a cast that the engine does not have."""
        return self.translator.unsupported(self.node, fix)


_CastRule = Callable[[CastRequest], str | None]


def _to_int(request: CastRequest) -> str | None:
    name, verb = request.target_name, request.verb
    half_even = "CASE WHEN abs({x}) % 2 = 5e-1 THEN truncate({x}) ELSE {x} END"
    if request.source_type is None:
        if request.is_try:
            return _try_int_of_unknown(name) if request.is_spark else _try_int(name)
        if request.is_spark:
            return (
                f"CASE WHEN typeof(_1) IN ('double', 'float') THEN CAST(bround(CAST(_1 AS DOUBLE), 0) AS {name})"
                f" WHEN typeof(_1) LIKE 'decimal%' THEN CAST(round(_1) AS {name}) ELSE CAST(_1 AS {name}) END"
            )
        return (
            "CASE WHEN typeof(_1) IN ('double', 'real') THEN"
            f" CAST({half_even.format(x='CAST(_1 AS DOUBLE)')} AS {name}) ELSE CAST(_1 AS {name}) END"
        )
    if request.source_type.name == "text" and request.is_try:
        return _try_int(name)
    if request.source_type.is_float:
        return f"{verb}({'rint(_1)' if request.is_spark else half_even.format(x='_1')} AS {name})"
    if request.source_type.name == "decimal" and request.is_spark and request.source_type.size[1]:
        return f"{verb}(round(_1) AS {name})"
    if request.source_type.is_int or request.source_type.name in {"decimal", "text", "bool", "null"}:
        return None
    raise request.unsupported(
        "Cast a number, a text or a boolean to a whole number; take days apart with date_diff or epoch."
    )


def _try_int_of_unknown(name: str | None) -> str:
    return (
        f"CASE WHEN typeof(_1) IN ('double', 'float') THEN TRY_CAST(bround(TRY_CAST(_1 AS DOUBLE), 0) AS {name})"
        f" WHEN typeof(_1) LIKE 'decimal%' THEN TRY_CAST(round(TRY_CAST(_1 AS DECIMAL(38, 18))) AS {name})"
        f" ELSE {_try_int(name)} END"
    )


def _try_int(name: str | None) -> str:
    return f"coalesce(TRY_CAST(_1 AS {name}), TRY_CAST(round(TRY_CAST(TRIM(BOTH ' ' FROM _1) AS DECIMAL(38, 18))) AS {name}))"


_FLOAT_WORDS = {
    "nan": "nan()", "inf": "infinity()", "infinity": "infinity()", "-inf": "-infinity()", "-infinity": "-infinity()",
}  # fmt: skip


def _to_float(request: CastRequest) -> str | None:
    name = request.target_name
    if request.source_type and not (
        request.source_type.is_number or request.source_type.name in {"text", "bool", "null"}
    ):
        raise request.unsupported("Cast a number or a text to DOUBLE.")
    word = (string_value(request.translated) or "").strip().lower()
    if word in _FLOAT_WORDS and not request.is_spark:
        return f"CAST({_FLOAT_WORDS[word]} AS {name})"
    if not request.is_try or (request.source_type and request.source_type.name != "text"):
        return None
    if request.is_spark:
        return f"CASE WHEN NOT _1 RLIKE '[0-9.][dDfF]\\\\s*$' THEN TRY_CAST(_1 AS {name}) END"
    words = " ".join(f"WHEN '{word}' THEN {value}" for word, value in _FLOAT_WORDS.items())
    tried = f"CASE WHEN NOT regexp_like(_1, '[0-9.][dDfF]\\s*$') THEN TRY_CAST(_1 AS {name}) END"
    return f"CASE lower(trim(_1)) {words} ELSE {tried} END"


def _to_decimal(request: CastRequest) -> str | None:
    if request.source_type and not (
        request.source_type.is_number or request.source_type.name in {"text", "bool", "null"}
    ):
        raise request.unsupported("Cast a number or a text to DECIMAL.")
    if request.is_try and request.source_type == TEXT and not request.is_spark:
        return f"TRY_CAST(TRIM(BOTH ' ' FROM _1) AS {request.target_name})"
    return None


def _to_text(request: CastRequest) -> str | None:
    if request.source_type is None:
        return _SPARK_TEXT if request.is_spark else _TRINO_TEXT
    if request.source_type.name == "timestamp":
        return None if request.is_spark else f"regexp_replace(CAST(_1 AS VARCHAR), {_TRAILING_ZEROS})"
    if request.source_type.name == "json":
        return None if request.is_spark else "json_format(_1)"
    if request.source_type.is_int or request.source_type.name in {"text", "bool", "date", "decimal", "null"}:
        return None
    raise request.unsupported(
        "Cast to DECIMAL(18, 4) first: each engine writes floating-point numbers in its own way."
        if request.source_type.is_float
        else "Cast the parts one by one.",
    )


_TRAILING_ZEROS = r"'\.0+$|(\.\d*[1-9])0+$', '$1'"
_SPARK_TEXT = (
    "CASE WHEN typeof(_1) RLIKE '^(float|double|array|struct|map|timestamp$)'"
    f" THEN raise_error('{_NO_FLOAT_TEXT}') ELSE CAST(_1 AS STRING) END"
)
_TRINO_TEXT = (
    f"CASE WHEN typeof(_1) IN ('real', 'double') THEN CAST(fail('{_NO_FLOAT_TEXT}') AS VARCHAR) WHEN typeof(_1) LIKE 'timestamp%'"
    f" THEN regexp_replace(CAST(_1 AS VARCHAR), {_TRAILING_ZEROS}) ELSE CAST(_1 AS VARCHAR) END"
)


def _to_bool(request: CastRequest) -> str | None:
    if request.is_try and (request.source_type is None or request.source_type == TEXT):
        return "CASE WHEN lower(_1) IN ('true', 't', '1', 'yes', 'y') THEN TRUE WHEN lower(_1) IN ('false', 'f', '0', 'no', 'n') THEN FALSE END"
    return None


def _to_date(request: CastRequest) -> str | None:
    literal = string_value(request.translated)
    if literal is not None:
        day = _iso_date(literal)
        if day is None and not request.is_try:
            raise request.unsupported("Write the day as DATE '2026-01-31'.")
        if day is not None:
            return f"CAST('{day}' AS DATE)"
    if not request.is_try or (request.source_type and request.source_type != TEXT):
        return None
    if request.is_spark:
        pattern = _DATE_PATTERN.replace("\\", "\\\\")
        return f"CASE WHEN _1 RLIKE '{pattern}' THEN TRY_CAST(regexp_replace(_1, '{pattern}', '$1-$3-$4') AS DATE) END"
    return f"CASE WHEN regexp_like(_1, '{_DATE_PATTERN}') THEN TRY_CAST(regexp_replace(_1, '{_DATE_PATTERN}', '$1-$3-$4') AS DATE) END"


def _iso_date(literal: str) -> str | None:
    found = re.match(_DATE_PATTERN, literal)
    try:
        return date(int(found[1]), int(found[3]), int(found[4])).isoformat() if found else None
    except ValueError:
        return None


def _to_timestamp(request: CastRequest) -> str | None:
    literal = string_value(request.translated)
    if literal is not None and request.target_type == TIMESTAMP:
        try:
            time = datetime.fromisoformat(literal.strip())
        except ValueError:
            time = None
        if time is None or time.tzinfo:
            raise request.unsupported("Write the time as TIMESTAMP '2026-01-31 23:59:59'.")
        return f"CAST('{time.isoformat(' ')}' AS {request.target_name})"
    if request.is_try and (request.source_type is None or request.source_type == TEXT):
        raise request.unsupported("Write try_strptime(x, '%Y-%m-%d %H:%M:%S'), with the format that the text has.")
    if request.source_type == TEXT and not request.is_spark:
        return f"CAST(replace(_1, 'T', ' ') AS {request.target_name})"
    return None


def _to_json(request: CastRequest) -> str | None:
    raise request.unsupported("Keep JSON as text, and take it apart with json_extract_string.")


def _to_nested(request: CastRequest) -> str | None:
    """Only where the element types need no rule of their own: the engine casts them."""
    source, target = request.source_type, request.target_type
    if source is None or source.name == "null":
        return None
    same = source.name == target.name and len(source.parts) == len(target.parts)
    if not same or not all(_casts_directly(*pair) for pair in zip(source.parts, target.parts, strict=True)):
        raise request.unsupported("Cast the parts one by one, as list_transform(x, lambda e: CAST(e AS BIGINT)).")
    return None


def _casts_directly(source_type: SqlType, dtype: SqlType) -> bool:
    if source_type == dtype or source_type.name in {"null", "unknown"}:
        return source_type.name != "unknown" or not dtype.parts
    if source_type.name == dtype.name and source_type.parts and len(source_type.parts) == len(dtype.parts):
        return all(_casts_directly(one, other) for one, other in zip(source_type.parts, dtype.parts, strict=True))
    return source_type.is_int and (dtype.is_number or dtype == TEXT)


_CASTS: dict[str, _CastRule] = {
    **dict.fromkeys(INTS, _to_int), "float": _to_float, "double": _to_float, "decimal": _to_decimal, "text": _to_text, "bool": _to_bool,
    "date": _to_date, "timestamp": _to_timestamp, "timestamptz": _to_timestamp, "json": _to_json,
    "list": _to_nested, "struct": _to_nested, "map": _to_nested,
}  # fmt: skip
