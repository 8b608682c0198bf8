"""The nouns of drawloom: tables, steps, pipelines, days, problems, records. Imports the standard library only."""

from drawloom.model.days import ALL, NONE, TODAY, Bound, DateSpan, Days
from drawloom.model.family import Family, Member
from drawloom.model.hashing import digest
from drawloom.model.pipeline import Pipeline
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
from drawloom.model.record import LANDED, Inputs, Record, inputs_digest
from drawloom.model.schedule import Schedule
from drawloom.model.slices import SliceRead, Slices
from drawloom.model.step import Check, RangeBound, RangeRead, Read, Step, StepContext, Wait
from drawloom.model.table import KEY, Column, Membership, Table

__all__ = [
    "ALL",
    "KEY",
    "LANDED",
    "NONE",
    "TODAY",
    "Bound",
    "Check",
    "Column",
    "DateSpan",
    "Days",
    "DrawloomError",
    "Edit",
    "Family",
    "Fix",
    "Inputs",
    "InputError",
    "Member",
    "Membership",
    "Pipeline",
    "Problem",
    "RangeBound",
    "RangeRead",
    "Read",
    "Record",
    "RunError",
    "Schedule",
    "Severity",
    "SliceRead",
    "Slices",
    "Step",
    "StepContext",
    "Table",
    "Wait",
    "Where",
    "digest",
    "errors",
    "refuse",
    "inputs_digest",
]
