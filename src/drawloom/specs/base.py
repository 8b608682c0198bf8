"""The base models of specs: fields that every spec has, and validation with places in files."""

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

from drawloom.model import Fix, InputError, Problem, Where
from drawloom.specs.document import Document
from drawloom.specs.fields import Alerts, Day, Duration, ScheduleText, Tags, Until, Word, check_function
from drawloom.specs.validation import dotted, explain_errors

PACKAGE = "drawloom_specs"  # the name under which spec files in Python are imported
PYTHON_ONLY = "x-python-only"  # marks, in JSON Schema, the fields that can only be set in Python
Callback = SkipJsonSchema[Annotated[Callable[..., object], AfterValidator(check_function)] | None]


class SpecPart(BaseModel):
    """A mapping inside a spec: frozen, refuses unknown keys, converts nothing silently."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True)


class SpecModel(SpecPart):
    """A whole document, such as a spec or drawloom.yml: its validation errors are problems with places."""

    _document: Document | None = PrivateAttr(default=None)
    _where: Where = PrivateAttr(default=Where())

    @model_validator(mode="wrap")
    @classmethod
    def _explain_errors(cls, data: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        document: Document | None = info.context
        where = document.where() if document else _caller_place()
        try:
            model = handler(data)
        except ValidationError as error:
            raise InputError(*explain_errors(error, cls, document, where)) from None
        model.set_place(document, where)
        problems = list(model.problems())
        if problems:
            raise InputError(*problems)
        return model

    def problems(self) -> Iterable[Problem]:
        """Problems of fields that are valid by themselves, but not together."""
        return ()

    @property
    def where(self) -> Where:
        """The file and line where it is written."""
        return self._where

    def place(self, *keys: str | int) -> Where:
        """The place of the value under these keys, or of the nearest that is known."""
        return self._document.where(*keys) if self._document else self._where

    def line(self, key: str) -> int | None:
        """The line on which the value of a key begins; None if it is not known."""
        return self._document.lines.get((key,)) if self._document else None

    def set_place(self, document: Document | None, where: Where) -> None:
        """Set where it is written."""
        self._document, self._where = document, where


class Spec(SpecModel):
    """What a user writes, to be compiled to a pipeline by the framework of its ``kind``.

    A framework's own spec is a subclass that adds ``kind`` and its fields; see ``drawloom.frameworks.base.Framework``.
    """

    kind: str
    name: Word | None = Field(None, description="the name of the pipeline; the table's where it fills one table")
    owner: str = Field("", description="the person or team responsible for it; the project's default otherwise")
    description: str = Field("", description="what it is, for people")
    tags: Tags = Field((), description="words to select it by, like [nightly, finance]")
    schedule: ScheduleText | None = Field(None, description="@daily, @weekly, @monthly or a cron of that rhythm")
    start: Day | None = Field(None, description="the first day of its history; the project's otherwise")
    until: Until = Field(description="the last scheduled day, at most a year ahead, or `forever: <reason>`")
    retries: Annotated[int, Field(ge=0, le=20)] | None = Field(
        None, description="how often a failed step is tried again"
    )
    alerts: Alerts = Field(
        (),
        description="who is notified of failures and missed deadlines: an email address, slack:#channel, or webhook:connection",
    )
    deadline: Duration | None = Field(None, description="how long a run may take before an alert is sent, like 6h")
    on_success: Callback = Field(
        None, description="a Python function, called after a day was filled", json_schema_extra={PYTHON_ONLY: True}
    )
    on_failure: Callback = Field(
        None, description="a Python function, called after a day failed", json_schema_extra={PYTHON_ONLY: True}
    )

    def problem(self, keys: tuple[str | int, ...], value: object, rule: str, fix: Fix | str | None = None) -> Problem:
        """What is wrong with the value under these keys: ``rule`` is what it must be."""
        said = Fix(fix) if isinstance(fix, str) else fix
        return Problem("invalid", "error", f"{dotted(keys)} == {value}, {rule}.", self.place(*keys), said)

    def explain_problem(self, problem: Problem) -> Problem:
        """A problem of SQL that was made of this spec, in the spec's words and at its key where these are known."""
        return problem


def _caller_place() -> Where:
    """The line of the user's code that creates a spec: in a spec file the line of the module, not that of a helper."""
    outside = [frame for frame in _frames() if not _is_own_code(frame)]
    module = next((frame for frame in outside if frame.f_code.co_name == "<module>"), None)
    in_spec_file = module and str(module.f_globals.get("__name__")).startswith(f"{PACKAGE}.")
    frame = module if module and in_spec_file else next(iter(outside), None)
    return Where(frame.f_code.co_filename, frame.f_lineno) if frame else Where()


def _frames() -> Iterator[FrameType]:
    frame = inspect.currentframe()
    while frame:
        yield frame
        frame = frame.f_back


def _is_own_code(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__")).partition(".")[0] in {"drawloom", "pydantic"}
