"""Models: functions of the project, and files of scikit-learn, ONNX and MLflow, each by the package of its kind."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from threading import RLock
from types import ModuleType
from typing import TYPE_CHECKING, Any

from drawloom.frameworks.features.scoring.code import file_hash, local_modules, model_code
from drawloom.frameworks.features.scoring.spec import ModelKind, model_kind
from drawloom.model import refuse
from drawloom.specs.validation import did_you_mean

if TYPE_CHECKING:
    import pyarrow as pa

Predict = Callable[["pa.Table"], object]
PACKAGES: Mapping[ModelKind, tuple[str, tuple[str, ...]]] = {  # what to install for each kind, and what it brings
    "sklearn": ("drawloom[scikit-learn]", ("sklearn", "joblib", "pandas")),
    "onnx": ("drawloom[onnxruntime]", ("onnxruntime", "numpy")),
    "mlflow": ("mlflow", ("mlflow", "pandas")),  # no extra: it cannot be installed beside the newest Airflow
}
VERSION_LETTERS = 12  # of a content hash that is a version


@dataclass(frozen=True, slots=True)
class Model:
    """A model that is loaded.

    Args:
        version: its version: the attribute ``version`` of a function that has one, else the content hash.
        predict: from its features, a table, to a score for each row, or a mapping of columns with ``score`` among them.
    """

    version: str
    predict: Predict


def load_model(model: str, folder: Path) -> Model:
    """The model that a spec names.

    Args:
        model: as a spec names it.
        folder: the project's.

    Raises:
        InputError: it does not exist, lies outside of the project, or needs a package that is not installed.
    """
    kind, (first, _, second) = model_kind(model), model.partition(":")
    if kind == "function":
        function = _load_function(first, second, folder)
        return Model(str(getattr(function, "version", "") or model_code(model, folder)[:VERSION_LETTERS]), function)
    _check_packages(model, kind)
    path = _inside(model, folder / second, folder)
    loaders: Mapping[ModelKind, Callable[[Path], Predict]] = {
        "sklearn": _load_sklearn,
        "onnx": _load_onnx,
        "mlflow": _load_mlflow,
    }
    return Model(file_hash(path)[:VERSION_LETTERS], loaders[kind](path))


def _check_packages(model: str, kind: ModelKind) -> None:
    wanted, packages = PACKAGES[kind]
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        message = f"scoring.model == {model}, must have {' and '.join(missing)} installed to be loaded."
        raise refuse("missing-package", message, None, f"pip install '{wanted}'")


def _inside(model: str, path: Path, folder: Path) -> Path:
    """The path, where it exists and no link leads out of the project."""
    if not path.exists():
        message = f"scoring.model == {model}, must be a file of the project: there is no {path.relative_to(folder)}."
        raise refuse("no-model", message, None, "Train it first; the features are filled without it.")
    if not path.resolve().is_relative_to(folder.resolve()):
        raise refuse("outside", f"scoring.model == {model}, must be inside of the project; the link leads out of it.")
    return path


_importing = RLock()
_loaded: dict[tuple[Path, str, str], ModuleType] = {}


def _load_function(module: str, name: str, folder: Path) -> Predict:
    found = _import_model(module, folder)
    function = getattr(found, name, None)
    if not callable(function):
        names = [key for key, value in vars(found).items() if callable(value) and not key.startswith("_")]
        fix = did_you_mean(name, names) or f"There are: {', '.join(sorted(names)) or 'no functions'}."
        raise refuse("no-model", f"scoring.model == {module}:{name}, must be a function of {module}.", None, fix)
    return function  # type: ignore[no-any-return]


def _import_model(module: str, folder: Path) -> ModuleType:
    """The module, imported again where it or what it imports of the project has changed since."""
    local = local_modules(module, folder)
    key = (folder.resolve(), module, "|".join(f"{name}={file_hash(path)}" for name, path in sorted(local.items())))
    with _importing:
        if key not in _loaded:
            for name in local:
                sys.modules.pop(name, None)
            with _importable(folder):
                _loaded[key] = _import(module)
        return _loaded[key]


def _import(module: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and (module == error.name or module.startswith(f"{error.name}.")):
            file = f"{module.replace('.', '/')}.py"
            fix = f"Write it to {file} in the project, or install its package."
            raise refuse(
                "no-model", f"scoring.model == {module}, must be a module of the project or installed.", None, fix
            ) from error
        raise


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def _load_sklearn(path: Path) -> Predict:
    import joblib

    estimator = joblib.load(path)
    wanted = [str(name) for name in getattr(estimator, "feature_names_in_", ())]

    def predict(batch: pa.Table) -> object:
        frame = batch.select(_known(wanted, batch)).to_pandas() if wanted else batch.to_pandas().to_numpy()
        if hasattr(estimator, "predict_proba"):
            return _one_score(estimator.predict_proba(frame))
        return _one_score(estimator.predict(frame))

    return predict


def _load_onnx(path: Path) -> Predict:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # sums in another order would be other scores
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    inputs, output = session.get_inputs(), session.get_outputs()[-1].name

    def predict(batch: pa.Table) -> object:
        return _one_score(session.run([output], _onnx_values(inputs, batch))[0])

    return predict


_ONNX_TYPES = {"tensor(double)": "float64", "tensor(int64)": "int64", "tensor(string)": "object"}


def _onnx_values(inputs: Sequence[Any], batch: pa.Table) -> dict[str, Any]:
    """One matrix of all features, or a column for each input that is called like a feature."""
    import numpy as np

    if len(inputs) == 1 and inputs[0].name not in batch.column_names:
        kind = _ONNX_TYPES.get(inputs[0].type, "float32")
        columns = [column.to_numpy(zero_copy_only=False) for column in batch.columns]
        return {inputs[0].name: np.column_stack(columns).astype(kind)}
    names = _known([one.name for one in inputs], batch)
    return {
        one.name: batch[name].to_numpy(zero_copy_only=False).astype(_ONNX_TYPES.get(one.type, "float32")).reshape(-1, 1)
        for one, name in zip(inputs, names, strict=True)
    }


def _load_mlflow(path: Path) -> Predict:
    import mlflow.pyfunc

    loaded = mlflow.pyfunc.load_model(str(path))
    schema = loaded.metadata.get_input_schema()
    wanted = list(schema.input_names()) if schema and schema.has_input_names() else []

    def predict(batch: pa.Table) -> object:
        return _one_score(loaded.predict(batch.select(_known(wanted, batch) or batch.column_names).to_pandas()))

    return predict


def _known(wanted: Sequence[str], batch: pa.Table) -> list[str]:
    """What a model was trained with, which must be among its features."""
    missing = [name for name in wanted if name not in batch.column_names]
    if missing:
        fix = did_you_mean(missing[0], batch.column_names) or "Add it to scoring.features."
        message = f"scoring.features, must have {missing[0]}: the model was trained with it."
        raise refuse("missing-feature", message, None, fix)
    return list(wanted)


def _one_score(values: Any) -> object:
    """One number for each row: of two classes the probability of the second.

    Raises:
        InputError: there are more of them.
    """
    import numpy as np

    if (
        isinstance(values, list) and values and isinstance(values[0], Mapping)
    ):  # ONNX: a mapping of classes for each row
        values = [[row[name] for name in sorted(row)] for row in values]
    array = np.asarray(values)
    if array.ndim == 2 and array.shape[1] > 2:
        message = f"The model returns {array.shape[1]} numbers for each entity, must be one score, or the probabilities of two classes."
        raise refuse(
            "bad-scores", message, None, "Write a function that returns a mapping with `score` and what else is wanted."
        )
    return array[:, -1] if array.ndim == 2 else array
