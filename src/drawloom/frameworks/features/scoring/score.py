"""The Python step that scores: the model over the inputs of a day, batch by batch, and what must hold of its scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import TYPE_CHECKING, Any

from drawloom.frameworks import sqlfiles
from drawloom.frameworks.features.hooks import call_hook
from drawloom.frameworks.features.scoring.code import model_code
from drawloom.frameworks.features.scoring.models import Model, load_model
from drawloom.frameworks.features.scoring.spec import FINGERPRINT, SCORE, VERSION
from drawloom.frameworks.features.scoring.trained import check_trained
from drawloom.model import Fix, Problem, RunError, StepContext, digest

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Scored:
    """What ``on_scored`` is called with: the scores of a day before anybody can read them.

    Args:
        output: the table of scores.
        ds: the day.
        scores: its rows.
        model_version: the version of the model.
        feature_fingerprint: of all features together.
    """

    output: str
    ds: date
    scores: pa.Table
    model_version: str
    feature_fingerprint: str


def score(context: StepContext) -> pa.Table:
    """The scores of a day: the key of each entity, ``score``, what else the model says, and what it was made with.

    Raises:
        InputError: the features are not those of the training set, or the model cannot be loaded.
        RunError: what the model returns does not fit.
    """
    import pyarrow as pa

    settings = context.params
    columns = [*settings["keys"], *settings["columns"]]
    day = f"ds = DATE '{context.ds.isoformat()}'"
    inputs = sqlfiles.quote_table(f"{settings['output']}_inputs")
    sql = f"SELECT {sqlfiles.quote_names(columns)} FROM {inputs} WHERE {day}"
    batches, version = _score_batches(context, context.batches(sql, settings["batch_rows"]))
    fingerprint = digest(f"{name}={value}" for name, value in sorted(settings["features"].items()))
    scores = _joined([batch for batch in batches if batch.num_rows] or batches[:1])
    for name, value in ((VERSION, version), (FINGERPRINT, fingerprint)):
        scores = scores.append_column(name, pa.repeat(pa.scalar(value), scores.num_rows))
    if settings["on_scored"] and not context.is_preview:
        scored = Scored(settings["output"], context.ds, scores, version, fingerprint)
        call_hook("on_scored", settings["on_scored"], scored, context.folder)
    return scores


def _score_batches(context: StepContext, batches: Iterator[pa.Table]) -> tuple[list[pa.Table], str]:
    """The scores of all batches, and the version of the model, which is not asked where there is nobody to score."""
    first = next(batches)
    if first.num_rows == 0:
        following = next(batches, None)
        if following is None:
            return [_no_scores(first, context.params)], ""
        batches = chain([following], batches)
    model = _checked_model(context)
    return [_score_batch(model, batch, context.params) for batch in chain([first], batches)], model.version


def _no_scores(batch: pa.Table, settings: Mapping[str, Any]) -> pa.Table:
    import pyarrow as pa

    return batch.select(settings["keys"]).append_column(SCORE, pa.array([], pa.float64()))


def _checked_model(context: StepContext) -> Model:
    settings = context.params
    if settings["trained"]:
        check_trained(settings["trained"], settings["features"], context.folder)
    model = load_model(settings["model"], context.folder)
    if model_code(settings["model"], context.folder) != settings["code"]:
        message = (
            f"scoring.model == {settings['model']}, must be what it was when the spec was compiled, and has changed."
        )
        fix = Fix("Run again; where Airflow runs it, `drawloom airflow install` first.")
        raise RunError(Problem("changed-model", "error", message, fix=fix))
    return model


def _score_batch(model: Model, batch: pa.Table, settings: Mapping[str, Any]) -> pa.Table:
    if batch.num_rows == 0:
        return _no_scores(batch, settings)
    returned = model.predict(batch.select(settings["columns"]))
    values: Mapping[Any, Any] = returned if isinstance(returned, Mapping) else {SCORE: returned}
    if SCORE not in values:
        raise _refuse(
            settings, f"returns {', '.join(map(str, values)) or 'no columns'}", f"must have {SCORE} among them"
        )
    scores = batch.select(settings["keys"])
    for name, column in values.items():
        if name in {*settings["keys"], VERSION, FINGERPRINT, "ds"}:
            raise _refuse(settings, f"returns {name}", "must not be called like a column that is added to scores")
        scores = scores.append_column(str(name), _column(settings, str(name), column, batch.num_rows))
    return scores


def _column(settings: Mapping[str, Any], name: str, column: object, rows: int) -> pa.Array:
    """A column of what the model returns, with a value for each row; scores as floats."""
    import pyarrow as pa

    try:
        flat = column.reshape(-1) if getattr(column, "ndim", 1) == 2 and column.shape[1] == 1 else column  # type: ignore[attr-defined]
        array = flat if isinstance(flat, pa.Array | pa.ChunkedArray) else pa.array(flat)
    except (pa.ArrowException, TypeError, ValueError) as error:
        what = f"returns {name} as {type(column).__name__}"
        raise _refuse(settings, what, f"must be an array with a value for each entity: {error}") from error
    if len(array) != rows:
        raise _refuse(settings, f"returns {len(array)} values of {name} for {rows} entities", "must be one for each")
    return _as_score(settings, array) if name == SCORE else array


def _as_score(settings: Mapping[str, Any], array: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = array.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        raise _refuse(settings, f"returns {SCORE} of type {kind}", "must be numbers")
    scores = array.cast(pa.float64())
    wrong = len(scores) - (pc.sum(pc.is_finite(scores)).as_py() or 0)
    if wrong:
        what = f"returns no finite number for {wrong} of {len(scores)} entities"
        raise _refuse(settings, what, f"must have a {SCORE} for each, not NULL, NaN or infinity")
    return scores


def _joined(batches: list[pa.Table]) -> pa.Table:
    """All batches as one table; integers of one batch and floats of another are floats."""
    import pyarrow as pa

    return pa.concat_tables(batches, promote_options="permissive")


def _refuse(settings: Mapping[str, Any], what: str, rule: str) -> RunError:
    return RunError(Problem("bad-scores", "error", f"The model {settings['model']} {what}, {rule}."))
