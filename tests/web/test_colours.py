"""The colours of the style sheet: texts can be read and marks can be seen, light and dark."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

CSS = (files("drawloom.web") / "static" / "drawloom.css").read_text()
BLOCKS = {
    "light": CSS[CSS.index(":root {") : CSS.index("@media (prefers-color-scheme: dark)")],
    "dark": CSS[CSS.index(':root[data-theme="dark"]') :].partition("}")[0],
    "dark by the system": CSS[CSS.index("@media (prefers-color-scheme: dark)") :].partition("}")[0],
}
TEXTS = [
    ("text", "ground"), ("text", "card"), ("text", "soft"), ("quiet", "ground"), ("quiet", "card"), ("quiet", "soft"), ("link", "card"),
    ("link", "ground"), ("card", "link"), ("good", "good-ground"), ("bad", "bad-ground"), ("warn", "warn-ground"), ("info", "info-ground"),
    ("text", "good-ground"), ("text", "bad-ground"), ("text", "warn-ground"), ("bad", "card"), ("bad", "soft"), ("good", "card"),
    ("code-keyword", "card"), ("code-text", "card"), ("code-number", "card"), ("code-type", "card"), ("quiet", "info-ground"), ("code-text", "info-ground"),
]  # fmt: skip
MARKS = ["blue", "teal", "amber", "red", "purple", "orange", "navy", "grey", "focus"]


def tokens(theme: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", BLOCKS[theme]))


def luminance(colour: str) -> float:
    """Of WCAG 2.2."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", BLOCKS)
def test_texts_can_be_read(theme: str) -> None:
    found = tokens(theme)
    poor = {pair: round(contrast(found[pair[0]], found[pair[1]]), 2) for pair in TEXTS}
    assert not {pair: ratio for pair, ratio in poor.items() if ratio < 4.5}


@pytest.mark.parametrize("theme", BLOCKS)
def test_marks_can_be_seen(theme: str) -> None:
    found = tokens(theme)
    ratios = {mark: round(contrast(found[mark], found["card"]), 2) for mark in MARKS}
    assert not {mark: ratio for mark, ratio in ratios.items() if ratio < 3}


def test_both_ways_to_be_dark_are_the_same() -> None:
    assert tokens("dark") == tokens("dark by the system")


def test_every_theme_has_every_colour() -> None:
    assert tokens("light").keys() == tokens("dark").keys()
