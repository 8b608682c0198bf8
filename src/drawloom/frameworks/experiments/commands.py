"""``drawloom experiments``: what experiments have besides their pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from drawloom.frameworks.commands import Command, CommandContext, CommandGroup, Option
from drawloom.frameworks.experiments.find_metrics import find_metric, find_metrics
from drawloom.frameworks.experiments.history import Pretended
from drawloom.frameworks.experiments.plan import Plan
from drawloom.frameworks.experiments.remaining import Remaining
from drawloom.frameworks.experiments.spec import MAX_DAYS, Assignments, Experiment, MetricRoles
from drawloom.frameworks.experiments.values import Component, UsedMetric
from drawloom.frameworks.experiments.wanted import Wanted
from drawloom.frameworks.metrics.spec import Metrics
from drawloom.frameworks.page import Page
from drawloom.model import InputError, Where, refuse

DURATIONS = (7, 14, 21, 28)
POWER = 0.8
PRE_PERIOD = 14
NO_DAY = date(2000, 1, 1)  # of what is no experiment yet: how long it may run is asked
OF_PLANS = ("days", "subject", "seen_by", "window", "pre_period", "per_day", "traffic", "share", "alpha")

HELP = """How small an effect an experiment finds in how many days, and how long it takes to find one.

Before an experiment: from the repository's own history, as if subjects had been exposed when they were first seen.
Named by metrics, or by an experiment that has not begun, whose metrics, windows, caps, weights and traffic then count.

During an experiment, which is what its name means once it has results: what its interval says about the days that remain."""


def power_page(context: CommandContext, name: str, given: Mapping[str, Any]) -> Page:
    """What ``drawloom experiments power`` shows.

    Raises:
        InputError: the name is neither that of an experiment nor of metrics, or there is no history to plan from.
    """
    wanted = Wanted.of(given["effect"]) if given["effect"] else None
    power = given["power"] or POWER
    experiment = next((one for one in context.specs("experiment") if one.name == name), None)
    if isinstance(experiment, Experiment):
        until = given["as_of"] or date.max
        last = max((day for day in context.days(experiment.table) if day <= until), default=None)
        if last:
            _refuse_options(given, experiment)
            return Remaining(experiment, last, power, wanted).page()
        return _plan(context, experiment, given, wanted, power).page(f"{name}, as it is planned")
    spec = _planned_experiment(context, name, given)
    return _plan(context, spec, given, wanted, power).page(f"An experiment on {' and '.join(spec.metrics.roles)}")


def _refuse_options(given: Mapping[str, Any], spec: Experiment) -> None:
    names = [name for name in OF_PLANS if given[name] is not None]
    if names:
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in names)
        message = f"{flags} must be left out: {spec.name} has results, and runs as its spec says."
        raise refuse(
            "bad-option", message, fix=f"Name its metrics to plan another one: {','.join(spec.metrics.roles)}."
        )


def _planned_experiment(context: CommandContext, name: str, given: Mapping[str, Any]) -> Experiment:
    """An experiment on the metrics of a list of names."""
    names = tuple(dict.fromkeys(part.strip() for part in name.split(",")))
    experiments = [one.name for one in context.specs("experiment") if one.name]
    components, problems = zip(*(find_metric(one, context, experiments) for one in names), strict=True)
    found = [problem for problem in problems if problem]
    if found:
        raise InputError(*found)
    metrics: list[Metrics] = [component.spec for component in components if component]
    subject = given["subject"] or next(iter(metrics[0].subjects))
    planned = Experiment(
        name="plan",
        assignments=Assignments(table="plan.nobody", subject="subject", variant="variant", time="at"),
        subject=subject,
        variants={"control": 1.0, "treatment": 1.0},
        start=NO_DAY,
        end=NO_DAY,
        metrics=MetricRoles(goal=names),
        pre_period=PRE_PERIOD,
    )
    planned.set_place(None, Where())  # it is written in no file
    return planned


def _plan(
    context: CommandContext, spec: Experiment, given: Mapping[str, Any], wanted: Wanted | None, power: float
) -> Plan:
    """A plan for a spec, with the options that are given in the place of what it says."""
    if spec.statistics.table:
        fix = "Name metrics of a metrics spec instead."
        raise refuse("no-history", f"{spec.name} reads statistics, must have assignments to be planned.", fix=fix)
    fields = ("window", "pre_period", "traffic", "subject")
    changes = {field: given[field] for field in fields if given[field] is not None}
    if given["alpha"]:
        changes["statistics"] = spec.statistics.model_copy(update={"alpha": given["alpha"]})
    spec = spec.model_copy(update=changes)
    used, problems = find_metrics(spec, context)
    seen_by, problem = find_metric(given["seen_by"], context) if given["seen_by"] else (None, None)
    problems += [problem] if problem else []
    if problems:
        raise InputError(*problems)
    own = (spec.last_exposure - spec.start).days + 1
    durations = tuple(sorted(given["days"] or {*DURATIONS, *([own] if spec.start != NO_DAY else [])}))
    last, durations = _history(context, used, seen_by, durations, given["as_of"])
    return Plan(
        Pretended(spec, used, last, seen_by), durations, _weights(spec, given["share"]), power, wanted, given["per_day"]
    )


def _weights(spec: Experiment, share: float | None) -> tuple[float, float]:
    """The share of the baseline and the smallest share of another variant, or what is given for the latter."""
    if share:
        return 1 - share, share
    total = sum(spec.variants.values())
    others = [weight for name, weight in spec.variants.items() if name != spec.control]
    return spec.variants[spec.control] / total, min(others) / total


def _history(
    context: CommandContext,
    used: tuple[UsedMetric, ...],
    seen_by: Component | None,
    durations: tuple[int, ...],
    as_of: date | None,
) -> tuple[date, tuple[int, ...]]:
    """The last day that all sources have, and the durations for which there is history."""
    if durations[-1] > MAX_DAYS:
        raise refuse("bad-option", f"--days == {durations[-1]}, must be at most {MAX_DAYS}.")
    components = [*(part for one in used for part in one.parts), *([seen_by] if seen_by else [])]
    specs = {component.spec.name: component.spec for component in components}
    days = {
        name: [day for day in context.days(spec.table) if not as_of or day <= as_of] for name, spec in specs.items()
    }
    for name, known in days.items():
        if not known:
            message = f"{specs[name].table} has no partition{f' up to {as_of}' if as_of else ''}, and so no history."
            raise refuse("no-history", message, fix=f"drawloom run {name}")
    last = min(known[-1] for known in days.values())
    if as_of and last < as_of:
        name = next(name for name, known in days.items() if known[-1] == last)
        message = f"--as-of == {as_of}, must be a day that {specs[name].table} has: its last one is {last}."
        raise refuse("no-history", message, fix=f"drawloom run {name}")
    first = max(known[0] for known in days.values())
    length = (last - first).days + 1
    if durations[0] > length:
        message = f"--days == {durations[0]}, must be at most {length}: the history begins on {first}."
        raise refuse("no-history", message, fix=f"Write --days {length}, or fill earlier days with drawloom run.")
    return last, tuple(days for days in durations if days <= length)


power_command = Command(
    "power",
    HELP,
    "An experiment, or metrics like fare or rides.fare,rides.rides.",
    (
        Option("effect", "The effect that is wanted: 3% of the mean, or 0.25 in the metric's own unit."),
        Option("days", "How many days it may run, like 7,14,28; 7,14,21,28 otherwise.", "counts"),
        Option("as_of", "The last day of the history; the latest otherwise.", "day"),
        Option("power", "The chance to find an effect of that size; 80% otherwise.", "share"),
        Option("alpha", "The chance to find one where there is none; 0.05 otherwise.", "share"),
        Option("subject", "The type of subject; the first one of the metrics otherwise."),
        Option("seen_by", "The metric with whose first value subjects count; any row of the sources otherwise."),
        Option("window", "Days from the first exposure that count; until the end otherwise.", "count"),
        Option("pre_period", "Days before that reduce variance; 14 otherwise.", "count", least=0),
        Option("per_day", "New subjects a day; those of the history otherwise.", "count"),
        Option("traffic", "The share of all subjects that takes part; all otherwise.", "share"),
        Option("share", "The share of the variant, like 10%; that of the spec or 50% otherwise.", "share"),
    ),
    power_page,
)
commands = CommandGroup("experiments", "Plan experiments, and see what running ones can still find.", (power_command,))
