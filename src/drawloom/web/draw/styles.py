"""A chart as a file of its own: the picture with the rules of the style sheet that it needs."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from markupsafe import Markup


@cache
def _chart_rules() -> str:
    """The light colours and the part of the style sheet between its marks for charts."""
    text = (files("drawloom.web") / "static" / "drawloom.css").read_text(encoding="utf-8")
    tokens = text[text.index(":root") : text.index("}") + 1]
    rules = text[text.index("/* charts */") : text.index("/* end of charts */")]
    return re.sub(r"\s+", " ", tokens + rules)


def svg_file(picture: Markup) -> str:
    """The text of an SVG file that looks the same outside of the page."""
    start, end = picture.split(">", 1)
    return f"{start}><style>{_chart_rules()}</style>{end}\n"
