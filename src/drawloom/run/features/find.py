"""Finding features: those of all sets that have some words in what is said of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from drawloom.frameworks.features.catalogue import Feature, list_features
from drawloom.frameworks.features.spec import Features
from drawloom.run.features.of_project import FeatureProject


@dataclass(frozen=True, slots=True)
class FoundFeature:
    """A feature, and what its set says of it."""

    set: str
    entity: str
    owner: str
    feature: Feature

    @property
    def name(self) -> str:
        """As training sets name it."""
        return f"{self.set}.{self.feature.name}"

    @property
    def words(self) -> str:
        """What a search looks at."""
        one = self.feature
        return f"{self.name} {self.entity} {self.owner} {one.sql} {one.source} {one.description}".lower()


def find_features(project: FeatureProject, search: str = "") -> list[FoundFeature]:
    """The features of all sets that have every word somewhere, by set and in the order of their columns."""
    words = search.lower().split()
    return [one for one in _all_features(project) if all(word in one.words for word in words)]


def _all_features(project: FeatureProject) -> Iterator[FoundFeature]:
    for pipeline in project.valid_pipelines:
        spec = project.compiled.specs.get(pipeline.name)
        if isinstance(spec, Features):
            types = {column.name: column.type for column in project.compiled.columns.get(spec.table, ())}
            for feature in list_features(spec):
                typed = replace(feature, type=types.get(feature.name, feature.type))
                yield FoundFeature(spec.name, spec.entity.name, pipeline.owner, typed)
