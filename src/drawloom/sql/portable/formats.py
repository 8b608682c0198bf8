"""strftime and strptime: DuckDB's forms of days and times in the words of Spark (Java) and Trino (MySQL)."""

from __future__ import annotations

import re

from sqlglot import exp

from drawloom.sql.portable.casts import cast_to
from drawloom.sql.portable.dates import moment
from drawloom.sql.portable.kinds import TEXT, TIMESTAMP
from drawloom.sql.portable.nodes import call as plain_call
from drawloom.sql.portable.nodes import text_of
from drawloom.sql.portable.registry import Call, says

_PIECES = re.compile(r"%-?[A-Za-z%]|[^%]+|%")
_SPARK = {
    "%Y": "yyyy", "%m": "MM", "%d": "dd", "%H": "HH", "%M": "mm", "%S": "ss", "%j": "DDD", "%y": "yy", "%a": "EEE",
    "%A": "EEEE", "%b": "MMM", "%B": "MMMM", "%p": "a", "%I": "hh", "%f": "SSSSSS", "%g": "SSS", "%-d": "d",
    "%-m": "M", "%-H": "H", "%-I": "h", "%-j": "D",
}  # fmt: skip
_TRINO = {
    "%Y": "%Y", "%m": "%m", "%d": "%d", "%H": "%H", "%M": "%i", "%S": "%s", "%j": "%j", "%y": "%y", "%a": "%a",
    "%A": "%W", "%b": "%b", "%B": "%M", "%p": "%p", "%I": "%I", "%f": "%f", "%-d": "%e", "%-m": "%c", "%-H": "%k",
    "%-I": "%l",
}  # fmt: skip
_OTHER = {
    "%u": ("CAST(weekday(_1) + 1 AS STRING)", "CAST(day_of_week(_1) AS VARCHAR)"),
    "%w": ("CAST((weekday(_1) + 1) % 7 AS STRING)", "CAST(day_of_week(_1) % 7 AS VARCHAR)"),
    "%G": ("CAST(EXTRACT(YEAROFWEEK FROM _1) AS STRING)", "CAST(year_of_week(_1) AS VARCHAR)"),
    "%V": ("lpad(CAST(weekofyear(_1) AS STRING), 2, '0')", "lpad(CAST(week(_1) AS VARCHAR), 2, '0')"),
}
_PARSED = {
    "%Y": ("yyyy", "%Y"),
    "%m": ("M", "%m"),
    "%d": ("d", "%d"),
    "%H": ("H", "%H"),
    "%M": ("m", "%i"),
    "%S": ("s", "%s"),
}
_WAY = "Write the form as a text, of %Y %m %d %H %M %S %j %y %a %A %b %B %p %I %f %u %w %G %V and %%."
_PARSE_WAY = "Write the form as a text, of %Y %m %d %H %M %S, and take apart the rest with regexp_extract."


@says("strftime", least=2)
def strftime(call: Call) -> exp.Expr:
    """A day or time as text; DuckDB takes the form in either place."""
    value, form = call.parts if text_of(call.parts[0]) is None else reversed(call.parts)
    text = text_of(form)
    if text is None:
        raise call.refuse(_WAY)
    value = moment(call, value)
    pieces = [_piece(call, group, value) for group in _groups(call, text)]
    return pieces[0] if len(pieces) == 1 else plain_call("concat", *pieces, kind=TEXT)


def _groups(call: Call, text: str) -> list[list[str]]:
    """The form cut where a piece needs a function of its own."""
    groups: list[list[str]] = [[]]
    for piece in _PIECES.findall(text):
        if piece in _OTHER:
            groups += [[piece], []]
        elif piece[0] == "%" and piece != "%%" and piece not in (_SPARK if call.spark else _TRINO):
            raise call.refuse(_WAY)
        else:
            groups[-1].append(piece)
    return [group for group in groups if group] or [[""]]


def _piece(call: Call, group: list[str], value: exp.Expr) -> exp.Expr:
    if group[0] in _OTHER:
        return call.say(*_OTHER[group[0]], TEXT, value)
    form = exp.Literal.string(spark_form(group, _SPARK) if call.spark else trino_form(group))
    return call.say("date_format(_1, _2)", "date_format(_1, _2)", TEXT, value, form)


def spark_form(pieces: list[str], words: dict[str, str]) -> str:
    """A Java form; what is no specifier stands in quotes."""
    return "".join(words[piece] if piece in words else _quoted(piece.replace("%%", "%")) for piece in pieces)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'" if re.search(r"[A-Za-z'\[\]{}#]", text) else text


def trino_form(pieces: list[str]) -> str:
    """A form of MySQL."""
    return "".join(_TRINO.get(piece, piece) for piece in pieces)


@says("strptime", "try_strptime", least=2)
def strptime(call: Call) -> exp.Expr:
    """A text of a form as TIMESTAMP; try_strptime gives NULL where the text has another form."""
    form = text_of(call.parts[1])
    pieces = _PIECES.findall(form or "")
    if not pieces or any(piece[0] == "%" and piece not in _PARSED for piece in pieces):
        raise call.refuse(_PARSE_WAY)
    text = cast_to(call.speaker, call.parts[0], TEXT, call.node)
    if call.spark:
        given = exp.Literal.string(_spark_parse(pieces))
        tried = "CAST(try_to_timestamp(_1, _2) AS TIMESTAMP_NTZ)"
        return call.say("to_timestamp_ntz(_1, _2)" if call.name == "strptime" else tried, "", TIMESTAMP, text, given)
    given = exp.Literal.string("".join(_PARSED[piece][1] if piece[0] == "%" else piece for piece in pieces))
    parsed = "CAST(date_parse(_1, _2) AS TIMESTAMP(6))"
    return call.say("", parsed if call.name == "strptime" else f"TRY({parsed})", TIMESTAMP, text, given)


def _spark_parse(pieces: list[str]) -> str:
    """One digit is enough where something stands between the numbers; else there must be two."""
    form = ""
    for index, piece in enumerate(pieces):
        alone = not any(0 <= near < len(pieces) and pieces[near][0] == "%" for near in (index - 1, index + 1))
        letter = _PARSED[piece][0] if piece[0] == "%" else _quoted(piece)
        form += letter if piece[0] != "%" or alone or piece == "%Y" else letter * 2
    return form
