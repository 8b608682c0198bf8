"""Choosing features of one or several sets by their names: ``rider_activity.*``, ``rider_activity.fare_*`` or one of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from drawloom.frameworks.features.catalogue import Feature, list_features
from drawloom.frameworks.features.spec import Features
from drawloom.specs.validation import did_you_mean


@dataclass(frozen=True, slots=True)
class SetFeature:
    """A feature and its set."""

    set: Features
    feature: Feature

    @property
    def name(self) -> str:
        """As people and manifests name it: ``set.feature``."""
        return f"{self.set.name}.{self.feature.name}"


@dataclass(frozen=True, slots=True)
class UnknownFeature:
    """A pattern that names no feature: its place among the patterns, what it must be, and what may be meant."""

    number: int
    pattern: str
    rule: str
    fix: str


def select_features(
    patterns: Iterable[str], sets: Mapping[str, Features]
) -> tuple[list[SetFeature], list[UnknownFeature]]:
    """The features that patterns name, each once, in the order of the patterns and of their sets; and patterns without any.

    Args:
        patterns: ``set.feature``, where the feature may have the wildcards ``*`` and ``?``.
        sets: the sets by name.
    """
    found: dict[str, SetFeature] = {}
    unknown: list[UnknownFeature] = []
    for number, pattern in enumerate(patterns):
        set_name, _, wanted = pattern.partition(".")
        if set_name not in sets:
            fix = did_you_mean(set_name, sets) or f"There are: {', '.join(sorted(sets)) or 'none yet'}."
            unknown.append(UnknownFeature(number, pattern, "must begin with the name of a set and a dot", fix))
            continue
        known = {feature.name: SetFeature(sets[set_name], feature) for feature in list_features(sets[set_name])}
        chosen = [one for name, one in known.items() if fnmatchcase(name, wanted)]
        found |= {one.name: one for one in chosen if one.name not in found}
        if not chosen:
            fix = did_you_mean(wanted, known) or f"`drawloom show {set_name}` lists them."
            unknown.append(UnknownFeature(number, pattern, f"must be a feature of {set_name}, or {set_name}.*", fix))
    return list(found.values()), unknown


def column_names(features: Iterable[SetFeature]) -> list[str]:
    """What their columns are called where they are together: by their names, after that of their set where several have one."""
    features = list(features)
    counts = Counter(one.feature.name for one in features)
    return [
        one.feature.name if counts[one.feature.name] == 1 else f"{one.set.name}__{one.feature.name}" for one in features
    ]
