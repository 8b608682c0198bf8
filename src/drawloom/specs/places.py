"""The place in a spec of a word that its author wrote: a column's name, or a part of a condition."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from drawloom.model import Where
from drawloom.specs.base import Spec
from drawloom.specs.document import Keys


def place_of_word(spec: Spec, word: str, *within: str | int) -> Where:
    """The place of the value or key that is this word, or else of the text that has it; the spec's own without one.

    Args:
        spec: the spec.
        word: the word, in any case.
        within: the keys to the part of the spec that is searched; all but the fields that every spec has otherwise.
    """
    texts = list(_texts(spec, within))
    exact = next((keys for keys, text in texts if text.lower() == word.lower()), None)
    part = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)
    found = exact or next((keys for keys, text in texts if part.search(text)), None)
    return spec.place(*(within if found is None else found))


def _texts(spec: Spec, within: Keys) -> Iterator[tuple[Keys, str]]:
    shared = set(Spec.model_fields) if not within else set()
    value: Any = spec.model_dump(by_alias=True, exclude=shared, exclude_none=True)
    try:
        for key in within:
            value = value[key]
    except (KeyError, IndexError, TypeError):
        return
    yield from _leaves(value, within)


def _leaves(value: Any, keys: Keys) -> Iterator[tuple[Keys, str]]:
    if isinstance(value, str):
        yield keys, value
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from _leaves(part, (*keys, key))
            yield (*keys, key), str(key)
    elif isinstance(value, list | tuple):
        for number, part in enumerate(value):
            yield from _leaves(part, (*keys, number))
