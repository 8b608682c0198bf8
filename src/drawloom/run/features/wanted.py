"""Which features are wanted: patterns over the sets of a project, and the columns that they become."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from drawloom.frameworks.features.select import select_features
from drawloom.frameworks.features.spec import Features
from drawloom.frameworks.features.training import Wanted
from drawloom.model import refuse
from drawloom.specs.validation import did_you_mean

if TYPE_CHECKING:
    from drawloom.run.features.of_project import FeatureProject


def feature_sets(project: FeatureProject) -> dict[str, Features]:
    """The sets of features of a project whose specs have no errors, by name."""
    valid = {pipeline.name for pipeline in project.valid_pipelines}
    found = {name: spec for name, spec in project.compiled.specs.items() if name in valid}
    return {spec.name: spec for spec in found.values() if isinstance(spec, Features)}


def find_wanted(project: FeatureProject, patterns: Sequence[str], labels: Sequence[str] = ()) -> list[Wanted]:
    """The features of patterns like ``riders.*`` and ``riders.rides_count_7d``, each once, and labels, set by set.

    Raises:
        InputError: one is unknown: the message has the nearest one.
    """
    sets = feature_sets(project)
    if not patterns and not labels:
        raise refuse("no-features", "--features is missing, must name features.", None, "Like rider_activity.*")
    chosen, unknown = select_features([pattern.removeprefix("features.") for pattern in patterns], sets)
    if unknown:
        message = f"--features == {patterns[unknown[0].number]!r}, {unknown[0].rule}."
        raise refuse("unknown-feature", message, None, unknown[0].fix)
    found: dict[str, list[str]] = {}
    for one in chosen:
        found.setdefault(one.set.name, []).append(one.feature.name)
    of_labels = _find_labels(sets, labels)
    return [
        Wanted(sets[name], tuple(found.get(name, ())), tuple(of_labels.get(name, ())))
        for name in dict.fromkeys((*found, *of_labels))
    ]


def _find_labels(sets: Mapping[str, Features], labels: Sequence[str]) -> dict[str, list[str]]:
    known = [f"{name}.{label}" for name, spec in sets.items() for label in spec.labels]
    found: dict[str, list[str]] = {}
    for wanted in dict.fromkeys(labels):
        matching = [one for one in known if wanted in {one, one.partition(".")[2]}]
        if len(matching) != 1:
            short = wanted.rpartition(".")[2]
            near = did_you_mean(short, [one.partition(".")[2] for one in known])
            fix = f"There are: {', '.join(matching or known) or 'none'}."
            rule = "must be one label" if matching else "must be a label of a set of features"
            raise refuse("unknown-label", f"--label == {wanted!r}, {rule}, like riders.came_back.", None, near or fix)
        name, _, label = matching[0].partition(".")
        found.setdefault(name, []).append(label)
    return found


def find_set(project: FeatureProject, name: str) -> Features:
    """A set of features by its name.

    Raises:
        InputError: there is none.
    """
    sets = feature_sets(project)
    wanted = name.removeprefix("features.")
    if wanted not in sets:
        fix = did_you_mean(wanted, sets) or f"There are: {', '.join(sorted(sets)) or 'none'}."
        raise refuse("unknown-set", f"name == {name!r}, must be a set of features.", None, fix)
    return sets[wanted]


def columns_of(wanted: Sequence[Wanted]) -> dict[str, str]:
    """``set.feature`` -> its column, labels too: its name, after that of its set where several sets have one of that name."""
    counts = Counter(name for one in wanted for name in one.columns)
    return {
        f"{one.spec.name}.{name}": name if counts[name] == 1 else f"{one.spec.name}__{name}"
        for one, name in _pairs(wanted)
    }


def _pairs(wanted: Sequence[Wanted]) -> Iterator[tuple[Wanted, str]]:
    for one in wanted:
        for name in one.columns:
            yield one, name


def key_of(wanted: Sequence[Wanted]) -> tuple[str, ...]:
    """The columns that identify the entities of all sets, each once."""
    return tuple(dict.fromkeys(column for one in wanted for column in one.spec.entity.key))
