"""Finding the metrics that an experiment names among the metrics of the project."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from drawloom.frameworks.experiments.spec import Experiment
from drawloom.frameworks.experiments.values import Component, UsedMetric
from drawloom.frameworks.metrics.spec import Metrics
from drawloom.model import Fix, Problem, Where
from drawloom.specs.base import Spec
from drawloom.specs.validation import did_you_mean


class KnowsSpecs(Protocol):
    """What knows the specs of a project."""

    def specs(self, kind: str) -> tuple[Spec, ...]:
        """All specs of a kind."""
        ...


def find_metrics(spec: Experiment, project: KnowsSpecs) -> tuple[tuple[UsedMetric, ...], list[Problem]]:
    """The metrics of an experiment, and the problems of those that cannot be used."""
    finder = _Finder(spec, project)
    used = []
    for role in ("goal", "secondary", "guardrail"):
        for number, name in enumerate(getattr(spec.metrics, role)):
            where = spec.place("metrics", role, number)
            component = finder.find(name, where)
            if component:
                parts = (replace(part, span=spec.windows.get(name)) for part in finder.parts(component, where))
                used.append(UsedMetric(name, component.metric, tuple(parts)))
    return tuple(used), finder.problems


def find_activation(spec: Experiment, project: KnowsSpecs) -> tuple[Component | None, list[Problem]]:
    """The metric that tells who was activated, and what is wrong with it."""
    if spec.activation is None:
        return None, []
    finder = _Finder(spec, project)
    source, name = spec.activation.source, spec.activation.metric
    where = spec.place("activation", "metric")
    component = finder.find(f"{source}.{name}" if source else name, where)
    if component and component.metric.type in {"ratio", "quantile"}:
        message = f"activation.metric == {name}, must add up, and not be a {component.metric.type}."
        finder.problems.append(Problem("invalid", "error", message, where))
    return component, finder.problems


def find_metric(name: str, project: KnowsSpecs, others: Sequence[str] = ()) -> tuple[Component | None, Problem | None]:
    """The metric of a name that somebody gave; ``others`` are names that may have been meant as well."""
    finder = _Finder(None, project, others)
    component = finder.find(name, Where())
    return component, next(iter(finder.problems), None)


class _Finder:
    def __init__(self, spec: Experiment | None, project: KnowsSpecs, others: Sequence[str] = ()) -> None:
        self.spec = spec
        self._others = others
        self.problems: list[Problem] = []
        self._sources: dict[str, Metrics] = {
            one.name: one for one in project.specs("metrics") if isinstance(one, Metrics)
        }

    def find(self, name: str, where: Where, of: Metrics | None = None) -> Component | None:
        """The metric of a name, of one source or, without a source in the name, of any; None and a problem where there is none."""
        source, _, key = name.rpartition(".")
        found = [
            Component(one, key)
            for one in ([self._sources[source]] if source in self._sources else self._candidates(source, of))
            if key in one.metrics
        ]
        if len(found) != 1:
            self.problems.append(self._unknown(name, found, where))
            return None
        return self._with_subject(found[0])

    def parts(self, component: Component, where: Where) -> tuple[Component, ...]:
        """What a metric is made of."""
        metric = component.metric
        if metric.type != "ratio":
            return (component,)
        parts = (self.find(name or "", where, component.spec) for name in (metric.numerator, metric.denominator))
        return tuple(part for part in parts if part)

    def _candidates(self, source: str, of: Metrics | None) -> Sequence[Metrics]:
        if source:
            return ()
        return [of] if of else list(self._sources.values())

    def _with_subject(self, component: Component) -> Component | None:
        spec = component.spec
        if self.spec is None:
            return component
        is_read = component.metric.type != "ratio"
        if is_read and self.spec.subject and self.spec.subject not in spec.subjects:
            message = (
                f"subject == {self.spec.subject}, must be a type of subject of {spec.name}, whose metrics are used."
            )
            fix = Fix(did_you_mean(self.spec.subject, spec.subjects) or f"It has: {', '.join(spec.subjects)}.")
            self._add(Problem("unknown-name", "error", message, self.spec.place("subject"), fix))
            return None
        if is_read and self.spec.exposure_day == "exact" and not spec.time:
            message = f"exposure_day == exact, must be include or exclude: {spec.name}, whose metrics are used, has no `time`."
            fix = Fix(f"Name the column with the moment as `time` in {spec.name}, or write exposure_day: exclude.")
            self._add(Problem("invalid", "error", message, self.spec.place("exposure_day"), fix))
            return None
        return component

    def _add(self, problem: Problem) -> None:
        """A problem of a source is told once, not for each of its metrics."""
        if problem not in self.problems:
            self.problems.append(problem)

    def _unknown(self, name: str, found: Sequence[Component], where: Where) -> Problem:
        if found:
            offers = ", ".join(f"{one.spec.name}.{one.key}" for one in found)
            message = f"metric == {name}, must name its source: there are {offers}."
            return Problem("unknown-name", "error", message, where, Fix(f"Write {offers.split(',')[0]}."))
        known = [
            *(
                key
                for one in self._sources.values()
                for key in (*one.metrics, *(f"{one.name}.{k}" for k in one.metrics))
            ),
            *self._others,
        ]
        fix = Fix(
            did_you_mean(name, known) or f"There are: {', '.join(known) or 'none yet; write a spec of kind metrics'}."
        )
        rule = (
            "must be an experiment, or a metric of a metrics spec" if self._others else "must be one of a metrics spec"
        )
        return Problem("unknown-name", "error", f"metric == {name}, {rule}.", where, fix)
