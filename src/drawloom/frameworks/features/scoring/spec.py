"""What a set of features says about the model that is scored with it."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from drawloom.specs.base import SpecPart
from drawloom.specs.fields import Name, TableName
from drawloom.specs.validation import RuleError

ModelKind = Literal["function", "sklearn", "onnx", "mlflow"]
FILES: tuple[ModelKind, ...] = ("sklearn", "onnx", "mlflow")
SCORE, VERSION, FINGERPRINT = "score", "model_version", "feature_fingerprint"
RULE = "must be package.module:function, or sklearn:, onnx: or mlflow: and a path, like sklearn:models/churn.joblib"


def model_kind(model: str) -> ModelKind:
    """What kind of model a text names."""
    prefix = model.partition(":")[0]
    return next((kind for kind in FILES if kind == prefix), "function")


def _check_model(value: str) -> str:
    kind, (_, _, rest) = model_kind(value), value.partition(":")
    if kind != "function":
        _check_path(rest)
    elif not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*", value):
        raise RuleError(RULE)
    return value


def _check_path(value: str) -> str:
    path = PurePosixPath(value)
    if not value or path.is_absolute() or ".." in path.parts or "\\" in value or ":" in value:
        fix = "Copy the file into it: who can change a model can run code here, as a pickle is code."
        raise RuleError("must be a path inside of the project, relative to its folder", fix)
    return value


def _as_list(value: object) -> object:
    return (value,) if isinstance(value, str) else value


class Scoring(SpecPart):
    """A model, the features it gets, whom it scores, and the table of scores."""

    model: Annotated[str, AfterValidator(_check_model)] = Field(
        description="package.module:function in the project or installed, or sklearn:, onnx: or mlflow: and a path in the project"
    )
    features: Annotated[tuple[str, ...], BeforeValidator(_as_list), Field(strict=False, min_length=1)] = Field(
        description="like [rider_activity.*, other.x]; the model gets them in this order. Sets of another entity are joined by its key, which the population must have"
    )
    output: TableName = Field(
        description="the table of scores: the key of the entity, score, model_version, feature_fingerprint"
    )
    population: Annotated[str, Field(min_length=1)] | None = Field(
        None,
        description="a SELECT of the key of those who are scored, and of those of other entities; all entities of the set otherwise",
    )
    log_inputs: bool = Field(
        False,
        description="keep what the model was given, in <output>_inputs; otherwise it is dropped after 400 days, and days before them cannot be scored",
    )
    trained: Annotated[str, AfterValidator(_check_path)] | None = Field(
        None, description="the manifest.json of the training set: features that have changed since are refused"
    )
    label: Name | None = Field(
        None,
        description="the label that the model predicts, which its scores are compared with; the only one with `op: any` otherwise",
    )
    batch_rows: Annotated[int, Field(ge=1)] = Field(
        100_000, description="about how many entities the model gets at a time"
    )
