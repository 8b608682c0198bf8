"""Models of scikit-learn and ONNX: of two classes the probability of the second is the score."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from drawloom.frameworks.features.scoring import models
from drawloom.frameworks.features.scoring.models import load_model
from drawloom.model import DrawloomError, InputError
from tests.frameworks.features.scoring.rides import SCORING, call

NAMES = ["rides_count_1d", "rides_count_ltd"]
BATCH = pa.table({NAMES[0]: [1, 0, 1, 0], NAMES[1]: [2, 1, 1, 0]})
TRAINING = np.array([[1, 2], [0, 1], [1, 1], [0, 0]], dtype="float32")
LABELS = [1, 0, 1, 0]
PROBABILITIES = pytest.approx([0.7149578, 0.4135508, 0.5864583, 0.28504986], rel=1e-5)
# The logistic regression of these rows, as skl2onnx 1.20 writes it: with a matrix, and with a mapping of each row.
MATRIX = (
    "CAoSCHNrbDJvbm54GgYxLjIwLjAiB2FpLm9ubngoADIAOrsCCtkBCgFYEgVsYWJlbBINcHJvYmFiaWxpdGllcxoQTGluZWFyQ2xhc3NpZmllci"
    "IQTGluZWFyQ2xhc3NpZmllcioZChBjbGFzc2xhYmVsc19pbnRzQABAAaABByolCgxjb2VmZmljaWVudHM9q9oyvz1w+xG/PavaMj89cPsRP6AB"
    "BioZCgppbnRlcmNlcHRzPYtnaz89i2drv6ABBioSCgttdWx0aV9jbGFzcxgAoAECKh0KDnBvc3RfdHJhbnNmb3JtIghMT0dJU1RJQ6ABAzoKYW"
    "kub25ueC5tbBIYT05OWChMb2dpc3RpY1JlZ3Jlc3Npb24pWhEKAVgSDAoKCAESBgoACgIIAmIRCgVsYWJlbBIICgYIBxICCgBiHQoNcHJvYmFi"
    "aWxpdGllcxIMCgoIARIGCgAKAggCQg4KCmFpLm9ubngubWwQAUIECgAQFkIECgAQFg=="
)
MAPPINGS = (
    "CAoSCHNrbDJvbm54GgYxLjIwLjAiB2FpLm9ubngoADIAOtcDCtkBCgFYEgVsYWJlbBINcHJvYmFiaWxpdGllcxoQTGluZWFyQ2xhc3NpZmllci"
    "IQTGluZWFyQ2xhc3NpZmllcioZChBjbGFzc2xhYmVsc19pbnRzQABAAaABByolCgxjb2VmZmljaWVudHM9q9oyvz1w+xG/PavaMj89cPsRP6AB"
    "BioZCgppbnRlcmNlcHRzPYtnaz89i2drv6ABBioSCgttdWx0aV9jbGFzcxgAoAECKh0KDnBvc3RfdHJhbnNmb3JtIghMT0dJU1RJQ6ABAzoKYW"
    "kub25ueC5tbAouCgVsYWJlbBIMb3V0cHV0X2xhYmVsGgRDYXN0IgRDYXN0KgkKAnRvGAegAQI6AApcCg1wcm9iYWJpbGl0aWVzEhJvdXRwdXRf"
    "cHJvYmFiaWxpdHkaBlppcE1hcCIGWmlwTWFwKhsKEmNsYXNzbGFiZWxzX2ludDY0c0AAQAGgAQc6CmFpLm9ubngubWwSGE9OTlgoTG9naXN0aW"
    "NSZWdyZXNzaW9uKVoRCgFYEgwKCggBEgYKAAoCCAJiGAoMb3V0cHV0X2xhYmVsEggKBggHEgIKAGIkChJvdXRwdXRfcHJvYmFiaWxpdHkSDiIM"
    "CgoqCAgHEgQKAggBQgQKABAJQg4KCmFpLm9ubngubWwQAQ=="
)
# The sum of two inputs that are called like features.
SUM = (
    "CAg6hgEKKwoOcmlkZXNfY291bnRfMWQKD3JpZGVzX2NvdW50X2x0ZBIDc3VtIgNBZGQSAWdaHgoOcmlkZXNfY291bnRfMWQSDAoKCAESBgoACg"
    "IIAVofCg9yaWRlc19jb3VudF9sdGQSDAoKCAESBgoACgIIAWITCgNzdW0SDAoKCAESBgoACgIIAUIECgAQDQ=="
)


def scores(folder: Path, model: str, batch: pa.Table = BATCH) -> list[float]:
    """What a model returns."""
    return [float(value) for value in load_model(model, folder).predict(batch)]  # type: ignore[attr-defined]


def frame() -> pd.DataFrame:
    return pd.DataFrame(TRAINING, columns=NAMES)


@pytest.mark.parametrize(
    "train", [lambda: LogisticRegression().fit(frame(), LABELS), lambda: LogisticRegression().fit(TRAINING, LABELS)]
)
def test_a_classifier_of_scikit_learn_gives_the_probability_of_the_second_class(
    tmp_path: Path, train: Callable[[], object]
) -> None:
    joblib.dump(train(), tmp_path / "model.joblib")
    assert scores(tmp_path, "sklearn:model.joblib") == PROBABILITIES


def test_a_regression_gives_what_it_predicts_by_the_names_it_was_trained_with(tmp_path: Path) -> None:
    joblib.dump(LinearRegression().fit(frame()[NAMES[::-1]], [3, 1, 2, 0]), tmp_path / "model.joblib")
    other = BATCH.append_column("more", pa.array(["a", "b", "c", "d"]))
    assert scores(tmp_path, "sklearn:model.joblib", other) == pytest.approx([3, 1, 2, 0], abs=1e-6)


def test_the_version_of_a_file_is_its_content(tmp_path: Path) -> None:
    versions = set()
    for labels in (LABELS, LABELS[::-1]):
        joblib.dump(LogisticRegression().fit(TRAINING, labels), tmp_path / "model.joblib")
        versions.add(load_model("sklearn:model.joblib", tmp_path).version)
    assert len(versions) == 2


def test_a_feature_that_a_model_was_trained_with_must_be_given(tmp_path: Path) -> None:
    joblib.dump(LogisticRegression().fit(frame(), LABELS), tmp_path / "model.joblib")
    with pytest.raises(InputError, match="must have rides_count_ltd: the model was trained with it"):
        scores(tmp_path, "sklearn:model.joblib", BATCH.select(NAMES[:1]))


def test_more_than_two_classes_are_refused(tmp_path: Path) -> None:
    joblib.dump(LogisticRegression().fit(TRAINING, [0, 1, 2, 2]), tmp_path / "model.joblib")
    with pytest.raises(InputError, match="returns 3 numbers for each entity, must be one score"):
        scores(tmp_path, "sklearn:model.joblib")


@pytest.mark.parametrize(
    ("model", "expected"), [(MATRIX, PROBABILITIES), (MAPPINGS, PROBABILITIES), (SUM, [3.0, 1.0, 2.0, 0.0])]
)
def test_models_of_onnx_get_a_matrix_or_features_by_their_names(tmp_path: Path, model: str, expected: object) -> None:
    (tmp_path / "model.onnx").write_bytes(b64decode(model))
    assert scores(tmp_path, "onnx:model.onnx") == expected


def test_a_model_in_a_file_fills_the_table_of_scores(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    joblib.dump(LogisticRegression().fit(frame(), LABELS), tmp_path / "models" / "churn.joblib")
    made = call(tmp_path, SCORING.replace("models.churn:predict", "sklearn:models/churn.joblib"))
    assert made["score"].to_pylist() == PROBABILITIES


@pytest.mark.parametrize(
    ("model", "package", "extra"),
    [
        ("sklearn:x", "joblib", "drawloom[scikit-learn]"),
        ("onnx:x", "onnxruntime", "drawloom[onnxruntime]"),
        ("mlflow:x", "mlflow", "mlflow"),
    ],
)
def test_a_missing_package_is_named_with_its_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, package: str, extra: str
) -> None:
    monkeypatch.setattr(models, "find_spec", lambda name: None if name == package else object())
    with pytest.raises(DrawloomError) as refused:
        load_model(model, tmp_path)
    assert f"must have {package} installed to be loaded" in str(refused.value)
    assert extra in str(refused.value)
