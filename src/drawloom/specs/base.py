"""What every spec has, whatever its kind."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from types import FrameType
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from drawloom.model import InputError, Problem, Where
from drawloom.specs.document import Document
from drawloom.specs.faults import problems_of
from drawloom.specs.fields import Alerts, Day, Duration, ScheduleText, Until, Word, check_function

PACKAGE = "drawloom_specs"  # the name under which spec files in Python are imported
PYTHON_ONLY = "x-python-only"  # marks, in JSON Schema, the fields that YAML cannot give
Callback = SkipJsonSchema[Annotated[Callable[..., object], AfterValidator(check_function)] | None]


class Part(BaseModel):
    """A frozen model that knows all its keys and converts nothing silently."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True)


class Whole(Part):
    """A model that is a text of its own: it refuses bad input with problems that have places."""

    _document: Document | None = PrivateAttr(default=None)
    _where: Where = PrivateAttr(default=Where())

    @model_validator(mode="wrap")
    @classmethod
    def _tell_problems(cls, data: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        document: Document | None = info.context
        where = document.where() if document else _caller()
        try:
            made = handler(data)
        except ValidationError as error:
            raise InputError(*problems_of(error, cls, document, where)) from None
        made.settle(document, where)
        problems = list(made.problems())
        if problems:
            raise InputError(*problems)
        return made

    def problems(self) -> Iterable[Problem]:
        """What is wrong between fields that are each right."""
        return ()

    @property
    def where(self) -> Where:
        """Where it was written: file and line."""
        return self._where

    def place(self, *keys: str | int) -> Where:
        """Where the value under these keys was written; the nearest that is known."""
        return self._document.where(*keys) if self._document else self._where

    def line(self, key: str) -> int | None:
        """The line on which the value of a key begins; None where it is not known."""
        return self._document.lines.get((key,)) if self._document else None

    def settle(self, document: Document | None, where: Where) -> None:
        """Say where it was written."""
        self._document, self._where = document, where


class Spec(Whole):
    """A user's wish, to be compiled to a pipeline by the framework of its ``kind``.

    A framework is a subclass with a ``kind``, its own fields, and ``compile(self, project) -> Pipeline``.
    """

    kind: str
    name: Word | None = Field(None, description="the name of the pipeline; the table's where it fills one table")
    owner: str = Field("", description="who answers for it; the project's default otherwise")
    description: str = Field("", description="what it is, for people")
    schedule: ScheduleText | None = Field(None, description="@daily, @weekly, @monthly or a cron of that rhythm")
    start: Day | None = Field(None, description="the first day of its history; the project's otherwise")
    until: Until = Field(description="the last scheduled day, at most a year ahead, or `forever: <reason>`")
    retries: Annotated[int, Field(ge=0, le=20)] | None = Field(
        None, description="how often a failed step is tried again"
    )
    alerts: Alerts = Field(
        (),
        description="who hears of failures and missed deadlines: an email address, slack:#channel, or webhook:connection",
    )
    deadline: Duration | None = Field(None, description="how long a run may take before the alerts hear of it, like 6h")
    on_success: Callback = Field(
        None, description="a Python function, called after a day was filled", json_schema_extra={PYTHON_ONLY: True}
    )
    on_failure: Callback = Field(
        None, description="a Python function, called after a day failed", json_schema_extra={PYTHON_ONLY: True}
    )


def _caller() -> Where:
    """The line of the user's code that makes a spec; in a spec file the line that leads there, not that of a helper."""
    outside = [frame for frame in _frames() if not _ours(frame)]
    module = next((frame for frame in outside if frame.f_code.co_name == "<module>"), None)
    in_spec_file = module and str(module.f_globals.get("__name__")).startswith(f"{PACKAGE}.")
    frame = module if module and in_spec_file else next(iter(outside), None)
    return Where(frame.f_code.co_filename, frame.f_lineno) if frame else Where()


def _frames() -> Iterator[FrameType]:
    frame = inspect.currentframe()
    while frame:
        yield frame
        frame = frame.f_back


def _ours(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__")).partition(".")[0] in {"drawloom", "pydantic"}
