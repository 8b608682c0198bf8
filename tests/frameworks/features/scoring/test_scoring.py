"""Scores are of the features of their day, by the model as it is now; what does not fit is refused and nothing published."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from drawloom.frameworks.features.scoring.score import Scored
from drawloom.model import DrawloomError, InputError
from drawloom.run.plan import State
from drawloom.run.project import Project
from tests.frameworks.features.scoring.rides import (
    ACTIVITY,
    DAYS,
    INPUTS,
    MODEL,
    POPULATION,
    SCORING,
    Given,
    call,
    compile_steps,
    write,
    write_manifest,
    write_project,
)

HOOKED = """from pathlib import Path

import yaml

from drawloom.frameworks.features.spec import Features

ROOT = Path(__file__).parents[1]


def note(scored):
    with (ROOT / "noted").open("a") as file:
        file.write(f"{scored.output} {scored.ds} {scored.scores.num_rows}\\n")


activity = Features(**yaml.safe_load((ROOT / "activity.yml").read_text()), on_scored=note)
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    root = write_project(tmp_path_factory.mktemp("scoring") / "project")
    (root / "specs" / "activity.yml").rename(root / "activity.yml")
    write(root / "specs" / "activity.py", HOOKED)
    with Project.load(root) as opened:
        assert opened.run(opened.plan(last=DAYS[1])).exit_code == 0
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "models" / "churn.py", MODEL)
    return tmp_path


def test_everybody_of_the_population_is_scored_by_the_features_of_the_day(project: Project) -> None:
    found = project.query("SELECT * FROM ml.churn_score WHERE ds = DATE '2026-03-02' ORDER BY rider").to_pylist()
    assert [(row["rider"], row["score"]) for row in found] == [(1, 1 / 3), (2, 1 / 2), (3, 1 / 2), (9, 1.0)]
    assert len({(row["model_version"], row["feature_fingerprint"]) for row in found}) == 1


def test_what_the_model_was_given_is_kept_and_who_was_never_seen_has_empty_features(project: Project) -> None:
    found = project.query("SELECT * FROM ml.churn_score_inputs WHERE ds = DATE '2026-03-02' ORDER BY rider")
    assert found.drop_columns("ds").to_pylist() == INPUTS.to_pylist()


def test_the_registry_names_the_models_of_a_feature_also_those_of_other_sets(project: Project) -> None:
    sql = "SELECT feature, used_by FROM features.registry WHERE ds = DATE '2026-03-02' AND \"set\" = 'cities'"
    found = {row["feature"]: row["used_by"] for row in project.query(sql).to_pylist()}
    assert found == {"city_n_distinct_ltd": "models.churn:predict", "city_last_ltd": ""}


def test_a_callback_gets_the_scores_of_each_day_and_not_those_of_a_preview(project: Project) -> None:
    noted = project.config.root / "noted"
    assert sorted(noted.read_text().splitlines()) == [f"ml.churn_score {day} 4" for day in DAYS[:2]]
    assert project.preview("ml.churn_score", DAYS[1]).num_rows == 4
    assert len(noted.read_text().splitlines()) == 2


def test_a_changed_model_makes_its_scores_stale_and_nothing_else(project: Project) -> None:
    write(project.config.root / "models" / "churn.py", MODEL.replace("1.0, pc", "2.0, pc"))
    with Project.load(project.config.root) as again:
        plan = again.plan(last=DAYS[1])
        assert {one.step.into.name for one in plan.partitions if one.state is not State.FRESH} == {"ml.churn_score"}
        assert again.run(plan).exit_code == 0
        sql = "SELECT score FROM ml.churn_score WHERE ds = DATE '2026-03-02' AND rider = 1"
        assert again.query(sql).to_pylist() == [{"score": 2 / 3}]


def test_without_a_population_all_entities_of_the_set_are_scored(folder: Path) -> None:
    steps = compile_steps(folder, SCORING.replace(f'  population: "{POPULATION}"\n', ""))
    assert 'SELECT "rider" FROM "features"."activity" WHERE ds' in (steps["ml.churn_score_inputs"].sql or "")


def test_inputs_that_are_not_logged_are_dropped_after_400_days(folder: Path) -> None:
    kept = compile_steps(folder)["ml.churn_score_inputs"].into.keep
    dropped = compile_steps(folder, SCORING.replace("true", "false"))["ml.churn_score_inputs"].into.keep
    assert (kept, dropped) == (None, 400)


def test_features_of_who_left_the_set_are_unknown_where_their_window_is_longer(folder: Path) -> None:
    sql = compile_steps(folder, f"active: 30d\n{SCORING}")["ml.churn_score_inputs"].sql or ""
    assert 'coalesce(s."rides_count_1d", 0)' in sql
    assert 's."rides_count_ltd"' in sql
    assert 'coalesce(s."rides_count_ltd"' not in sql


def test_a_model_gets_its_features_in_their_order_batch_by_batch(tmp_path: Path) -> None:
    model = "def predict(batch):\n    return {'score': [batch.num_rows] * batch.num_rows, 'got': [','.join(batch.column_names)] * batch.num_rows}\n"
    write(tmp_path / "models" / "churn.py", model)
    scoring = SCORING.replace("[activity.*, cities.city_n_distinct_ltd]", "[cities.city_n*, activity.rides_*]")
    scores = call(tmp_path, f"{scoring}  batch_rows: 3\n")
    assert scores["score"].to_pylist() == [3.0, 3.0, 3.0, 1.0]
    assert set(scores["got"].to_pylist()) == {"city_n_distinct_ltd,rides_count_1d,rides_count_ltd"}
    assert call(tmp_path, scoring, INPUTS.slice(0, 0)).num_rows == 0


def test_integers_of_one_batch_and_floats_of_another_are_floats(tmp_path: Path) -> None:
    write(
        tmp_path / "models" / "churn.py",
        "def predict(batch):\n    n = batch['rides_count_ltd'][0].as_py()\n    return [n if n > 1 else n + 0.5]\n",
    )
    assert call(tmp_path, f"{SCORING}  batch_rows: 1\n")["score"].to_pylist() == [2.0, 1.5, 1.5, 0.5]


def test_the_code_of_a_model_is_its_module_and_what_that_imports_of_the_project(tmp_path: Path) -> None:
    write(tmp_path / "models" / "churn.py", f"from . import scale\nimport models.deep.more\n{MODEL}")
    write(tmp_path / "models" / "scale.py", "SCALE = 2.0\n")
    write(tmp_path / "models" / "deep" / "more.py", "from ..other import X\n")
    found = set()
    for number, name in enumerate(("other.py", "scale.py", "deep/__init__.py", "churn.py", "unrelated.py")):
        write(tmp_path / "models" / name, f"X = {number}\n{MODEL if name == 'churn.py' else ''}")
        found.add(compile_steps(tmp_path)["ml.churn_score"].fingerprint)
    assert len(found) == 4, "only the last one counts for nothing"


def test_another_size_of_batches_is_the_same_code(folder: Path) -> None:
    codes = {compile_steps(folder, f"{SCORING}  batch_rows: {n}\n")["ml.churn_score"].fingerprint for n in (1, 2)}
    assert len(codes) == 1


def test_the_version_of_a_function_is_its_attribute_or_else_follows_from_its_code(folder: Path) -> None:
    versions = []
    for model in (MODEL, f"{MODEL}# changed\n", f"{MODEL}predict.version = 'spring'\n"):
        write(folder / "models" / "churn.py", model)
        versions.append(call(folder)["model_version"][0].as_py())
    assert len(set(versions)) == 3
    assert versions[2] == "spring"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("[1.0] * (n - 1)", "returns 3 values of score for 4 entities, must be one for each"),
        ("[1.0] * (n + 1)", "returns 5 values of score for 4 entities, must be one for each"),
        ("['high'] * n", "returns score of type string, must be numbers"),
        ("[True] * n", "returns score of type bool, must be numbers"),
        ("[1.0] * (n - 1) + [float('nan')]", "returns no finite number for 1 of 4 entities"),
        ("[1.0] * (n - 2) + [None, None]", "returns no finite number for 2 of 4 entities"),
        ("[float('inf')] * n", "returns no finite number for 4 of 4 entities"),
        ("[None] * n", "returns score of type null, must be numbers"),
        ("None", "returns score as NoneType, must be an array with a value for each entity"),
        ("{'risk': [1.0] * n}", "returns risk, must have score among them"),
        ("{'score': [1.0] * n, 'rider': [1] * n}", "returns rider, must not be called like a column"),
        ("{'score': [1.0] * n, 'why': ['a']}", "returns 1 values of why for 4 entities"),
    ],
)
def test_what_a_model_returns_must_fit(tmp_path: Path, body: str, message: str) -> None:
    write(tmp_path / "models" / "churn.py", f"def predict(batch):\n    n = batch.num_rows\n    return {body}\n")
    with pytest.raises(DrawloomError, match=f"models.churn:predict {message}".replace("(", r"\(")):
        call(tmp_path)


TRAINED = SCORING.replace(", cities.city_n_distinct_ltd", "") + "  trained: models/manifest.json\n"


def test_features_that_are_not_those_of_the_training_set_are_refused(folder: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        call(folder, TRAINED)
    trained = dict(compile_steps(folder, TRAINED)["ml.churn_score"].params["features"])
    write_manifest(folder, trained)
    before = compile_steps(folder, TRAINED)["ml.churn_score"]
    assert call(folder, TRAINED).num_rows == 4
    old, new = trained["activity.fare_sum_ltd"], "0123456789abcdef"
    write_manifest(folder, {**trained, "activity.fare_sum_ltd": new})
    with pytest.raises(InputError) as refused:
        call(folder, TRAINED)
    (problem,) = refused.value.problems
    assert problem.message == (
        "scoring.features == activity.fare_sum_ltd, must be what the model was trained with: "
        f"its definition has changed, from {new} in models/manifest.json to {old}."
    )
    assert compile_steps(folder, TRAINED)["ml.churn_score"].fingerprint != before.fingerprint


def test_a_feature_that_the_model_was_not_trained_with_is_refused(folder: Path) -> None:
    trained = dict(compile_steps(folder, TRAINED)["ml.churn_score"].params["features"])
    write_manifest(folder, {name: one for name, one in trained.items() if name != "activity.rides_count_ltd"})
    with pytest.raises(InputError, match=r"activity\.rides_count_ltd, must be one that the model was trained with"):
        call(folder, TRAINED)
    write(folder / "models" / "manifest.json", "[]")
    with pytest.raises(InputError, match="must be the manifest of a training set, and cannot be read"):
        call(folder, TRAINED)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("models.churm:predict", "scoring.model == models.churm, must be a module of the project or installed"),
        ("models.churn:predit", "Did you mean predict?"),
        ("json:nosuch", "scoring.model == json:nosuch, must be a function of json"),
    ],
)
def test_a_model_that_is_not_there_fails_its_step_and_not_the_features(folder: Path, model: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        call(folder, SCORING.replace("models.churn:predict", model))
    assert message in str(refused.value)


def test_a_model_that_changed_since_it_was_compiled_is_refused(folder: Path) -> None:
    step = compile_steps(folder)["ml.churn_score"]
    write(folder / "models" / "churn.py", f"{MODEL}# changed\n")
    assert step.call
    with pytest.raises(DrawloomError, match="must be what it was when the spec was compiled"):
        step.call(Given(folder, step.params, INPUTS))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("activity.*", "activity.rides_cout_ltd", "Did you mean rides_count_ltd?"),
        ("activity.*", "activty.*", "Did you mean activity?"),
        ("activity.*", "activity.x*", "scoring.features[0] == activity.x*, must be a feature of activity"),
        ("models.churn:predict", "churn", "must be package.module:function, or sklearn:, onnx: or mlflow: and a path"),
        ("models.churn:predict", "sklearn:/tmp/x.joblib", "must be a path inside of the project"),
        ("models.churn:predict", "onnx:../x.onnx", "must be a path inside of the project"),
        ("models.churn:predict", "mlflow:s3://bucket/x", "must be a path inside of the project"),
        (
            f'"{POPULATION}"',
            "DELETE FROM raw.riders",
            "scoring.population == 'DELETE FROM raw.riders', must be one SELECT",
        ),
        (f'"{POPULATION}"', "SELECT 1; SELECT 2", "must be one SELECT"),
        (f'"{POPULATION}"', "SELECT 1) SELECT (2", "must be one SELECT"),
        ("ml.churn_score", "churn", "must be schema.table"),
    ],
)
def test_what_a_spec_says_must_fit(folder: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        compile_steps(folder, SCORING.replace(old, new, 1))
    assert message in str(refused.value)


TWIN = ACTIVITY.replace("activity", "twin")


def test_sets_of_another_entity_are_refused(folder: Path) -> None:
    drivers = TWIN.replace("name: rider", "name: driver")
    with pytest.raises(InputError) as refused:
        compile_steps(folder, SCORING.replace("cities.city_n_distinct_ltd", "twin.*"), (drivers,))
    message = "scoring.features == twin, must be about rider by rider, as this set is, not driver by rider."
    assert message in str(refused.value)


TOWNS = TWIN.replace("twin", "towns").replace("name: rider, key: rider", "name: town, key: city")


def test_features_of_another_entity_are_joined_by_a_column_of_the_population(folder: Path) -> None:
    population = POPULATION.replace("SELECT rider", "SELECT rider, city")
    scoring = SCORING.replace("activity.*, cities.city_n_distinct_ltd", "activity.fare_sum_1d, towns.rides_count_ltd")
    sql = compile_steps(folder, scoring.replace(POPULATION, population), (TOWNS,))["ml.churn_score_inputs"].sql or ""
    con = duckdb.connect()
    con.execute("CREATE SCHEMA raw; CREATE SCHEMA features")
    days = "DATE '2026-03-01' AS ds, ds AS first_ds, ds AS last_ds"
    con.execute(
        "CREATE TABLE raw.riders AS SELECT DATE '2026-03-01' AS ds, * FROM (VALUES (1, 'sf'), (9, 'sf'), (2, 'xx')) AS v(rider, city)"
    )
    con.execute(f"CREATE TABLE features.activity AS SELECT {days}, 1 AS rider, 4.5 AS fare_sum_1d")
    con.execute(f"CREATE TABLE features.towns AS SELECT {days}, 'sf' AS city, 7 AS rides_count_ltd")
    found = con.execute(sql.replace("{{ ds }}", "2026-03-01") + " ORDER BY rider").fetchall()
    assert found == [(1, 4.5, 7), (2, None, 0), (9, None, 7)]


def test_features_of_another_entity_need_a_population(folder: Path) -> None:
    scoring = SCORING.replace("cities.city_n_distinct_ltd", "towns.*").replace(f'  population: "{POPULATION}"\n', "")
    with pytest.raises(InputError) as refused:
        compile_steps(folder, scoring, (TOWNS,))
    message = "scoring.features == towns, must be about rider, where there is no population: it is about town by city."
    assert message in str(refused.value)
    assert "Write a `population` that has city, too." in str(refused.value)


def test_features_of_the_same_name_are_called_by_their_set_too(folder: Path) -> None:
    scoring = SCORING.replace("activity.*, cities.city_n_distinct_ltd", "activity.rides_count_*, twin.rides_count_ltd")
    steps = compile_steps(folder, scoring, (TWIN,))
    columns = ["rides_count_1d", "activity__rides_count_ltd", "twin__rides_count_ltd"]
    assert steps["ml.churn_score"].params["columns"] == columns
    assert 'set_2."rides_count_ltd" AS "twin__rides_count_ltd"' in (steps["ml.churn_score_inputs"].sql or "")


def refuse_low(scored: Scored) -> None:
    """A callback that refuses scores."""
    if min(scored.scores["score"].to_pylist()) < 1:
        raise ValueError("scores are too low")


def test_a_callback_that_fails_fails_the_step_before_scores_are_published(folder: Path) -> None:
    with pytest.raises(
        DrawloomError, match=r"The callback on_scored == .*:refuse_low raised ValueError: scores are too low"
    ):
        call(folder, on_scored=refuse_low)


def test_a_model_outside_of_the_project_is_not_loaded_through_a_link(tmp_path: Path) -> None:
    from drawloom.frameworks.features.scoring.models import _inside

    write(tmp_path / "evil.joblib", "")
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "model.joblib").symlink_to(tmp_path / "evil.joblib")
    with pytest.raises(InputError, match="must be inside of the project"):
        _inside("sklearn:model.joblib", tmp_path / "project" / "model.joblib", tmp_path / "project")
    with pytest.raises(InputError, match="there is no nosuch"):
        _inside("sklearn:nosuch", tmp_path / "project" / "nosuch", tmp_path / "project")


def test_where_nobody_is_scored_there_may_be_no_model_yet(tmp_path: Path) -> None:
    scores = call(tmp_path, SCORING.replace("models.churn:predict", "sklearn:models/x.joblib"), INPUTS.slice(0, 0))
    assert (scores.num_rows, scores.column_names[:2]) == (0, ["rider", "score"])
    with pytest.raises(InputError, match=r"models/x\.joblib"):
        call(tmp_path, SCORING.replace("models.churn:predict", "sklearn:models/x.joblib"), INPUTS)


def test_keys_of_nobody_are_refused_by_a_check(folder: Path) -> None:
    (check,) = compile_steps(folder)["ml.churn_score_inputs"].checks
    assert (check.name, check.severity) == ("everybody who is scored has rider", "error")
    assert 'WHERE "rider" IS NULL' in check.sql


def test_scores_are_columns_of_keys_scores_and_what_they_were_made_with(folder: Path) -> None:
    scores = call(folder)
    assert scores.column_names == ["rider", "score", "model_version", "feature_fingerprint"]
    assert scores.schema.field("score").type == pa.float64()
