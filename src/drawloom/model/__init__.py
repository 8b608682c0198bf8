"""The nouns. Nothing here imports more than the standard library."""

from drawloom.model.days import ALL, NONE, TODAY, Bound, DateSpan, Days
from drawloom.model.pipeline import Pipeline, digest
from drawloom.model.problem import (
    DrawloomError,
    Edit,
    Fix,
    InputError,
    Problem,
    RunError,
    Severity,
    Where,
    errors,
    refuse,
)
from drawloom.model.record import Inputs, Record, seen
from drawloom.model.schedule import Schedule
from drawloom.model.step import Check, Edge, RangeRead, Read, Step, StepContext, Wait
from drawloom.model.table import KEY, Column, Table

__all__ = [
    "ALL",
    "KEY",
    "NONE",
    "TODAY",
    "Bound",
    "Check",
    "Column",
    "DateSpan",
    "Days",
    "DrawloomError",
    "Edge",
    "Edit",
    "Fix",
    "Inputs",
    "InputError",
    "Pipeline",
    "Problem",
    "RangeRead",
    "Read",
    "Record",
    "RunError",
    "Schedule",
    "Severity",
    "Step",
    "StepContext",
    "Table",
    "Wait",
    "Where",
    "digest",
    "errors",
    "refuse",
    "seen",
]
