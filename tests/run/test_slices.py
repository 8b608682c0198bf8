"""Slices: who reads some values of a column is not concerned by a change of the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from drawloom.engines.duckdb.write import ROW_GROUP_ROWS
from drawloom.frameworks.pipeline_json import pipeline_from_dict, pipeline_to_dict
from drawloom.model import Column, Pipeline, Record, SliceRead, Slices, StepContext, Table, Where, inputs_digest
from drawloom.run.owners import History
from drawloom.run.partition_facts import compare_inputs
from drawloom.run.registry import Registry
from drawloom.run.registry.restore import restore
from drawloom.run.snapshot import WarehouseSnapshot
from tests.run.build import D1, partition, pipe, plan, raw, read, states
from tests.run.test_local_runner import LocalWarehouse

VALUES = Table("core.values", (Column("name", "VARCHAR"), Column("n", "BIGINT")), sliced_by="name")


def sliced(content: str, code: Mapping[str, str] | None = None, **contents: str) -> Record:
    """A record of the sliced table on the first day, made of raw.x."""
    inputs = {"raw.x": {D1.isoformat(): "x1"}}
    slices = Slices("name", contents, code or {})
    return Record(VALUES.name, D1, "r", 1, 1, content, "v1", inputs_digest(inputs), inputs, slices=slices)


def reader(table: str, *names: str) -> Pipeline:
    made = pipe(table, read(VALUES.name))
    slices = (SliceRead(VALUES.name, "name", names),) if names else ()
    return replace(made, steps=(replace(made.steps[0], slices=slices),))


def writer(fingerprint: str = "v1", **code: str) -> Pipeline:
    made = pipe(VALUES.name, read("raw.x"), fingerprint=fingerprint)
    return replace(made, steps=(replace(made.steps[0], into=VALUES, slice_code=code),))


def record_reads(snapshot: WarehouseSnapshot, *pipelines: Pipeline) -> None:
    """Note that these readers of the first day were just written."""
    for step in (pipeline.steps[0] for pipeline in pipelines):
        inputs = snapshot.inputs({VALUES.name: (D1,)}, step.slices)
        snapshot.add(Record(step.into.name, D1, "r", 1, 1, "c", "v1", inputs_digest(inputs), inputs))


def state_and_reason(snapshot: WarehouseSnapshot, table: str, *pipelines: Pipeline) -> str:
    found = partition(plan(snapshot, *pipelines), table, 1)
    return f"{found.state} {found.reason}".strip()


def test_the_hash_of_what_is_read_is_that_of_its_slices_or_of_all() -> None:
    slices = Slices("name", {"a": "1", "b": "2"})
    of_a, of_ab = SliceRead("t", "name", ("a",)), SliceRead("t", "name", ("b", "a"))
    assert of_a.content(slices, "w") == of_a.content(Slices("name", {"a": "1", "b": "3"}), "w")
    assert of_ab.content(slices, "w") != of_ab.content(Slices("name", {"a": "1", "b": "3"}), "w")
    assert of_ab.content(slices, "w") == replace(of_ab, values=("a", "b")).content(slices, "w")
    assert of_a.content(slices, "w") != of_a.content(Slices("name", {"b": "2"}), "w"), "it has no rows any more"
    assert of_a.content(None, "w") == "w"
    assert of_a.content(Slices("kind", {"a": "1"}), "w") == "w"


def test_a_slice_that_changed_makes_its_readers_stale_and_no_others() -> None:
    readers = reader("core.of_a", "a"), reader("core.of_b", "b"), reader("core.of_ab", "a", "b"), reader("core.all")
    snapshot = raw(1)
    snapshot.add(sliced("c1", a="1", b="2"))
    record_reads(snapshot, *readers)
    assert not [one for one in plan(snapshot, writer(), *readers).todo if one.ds == D1]
    snapshot.add(sliced("c2", a="1", b="3"))
    made = plan(snapshot, writer(), *readers)
    assert {one.step.into.name: states(made, one.step.into.name)[1] for one in made.partitions if one.ds == D1} == {
        "core.values": "fresh",
        "core.of_a": "fresh",
        "core.of_b": "stale",
        "core.of_ab": "stale",
        "core.all": "stale",
    }
    assert partition(made, "core.of_b", 1).reason == "input core.values 2026-01-01 changed"


def test_a_plan_knows_before_the_run_which_slices_new_code_changes() -> None:
    of_a, of_b, of_none = reader("core.of_a", "a"), reader("core.of_b", "b"), reader("core.of_z", "z")
    snapshot = raw(1)
    snapshot.add(sliced("c1", {"a": "v1", "b": "v1"}, a="1", b="2"))
    record_reads(snapshot, of_a, of_b, of_none, reader("core.all"))
    new = writer("v2", a="v1", b="v2", c="v1")
    rebuilt = "stale input core.values 2026-01-01 will be rebuilt"
    found = {
        table: state_and_reason(snapshot, table, new, one)
        for table, one in (("core.values", new), ("core.of_a", of_a), ("core.of_b", of_b), ("core.of_z", of_none))
        if one is not new
    }
    assert found == {"core.of_a": "fresh", "core.of_b": rebuilt, "core.of_z": "fresh"}
    assert state_and_reason(snapshot, "core.all", new, reader("core.all")) == rebuilt
    assert state_and_reason(snapshot, "core.values", new) == "stale code changed: b, c"
    assert state_and_reason(snapshot, "core.of_a", writer("v2", a="v1", b="v1"), of_a) == "fresh", (
        "only their order did"
    )


def test_all_slices_may_change_with_an_input_or_where_it_is_not_known() -> None:
    of_a = reader("core.of_a", "a")
    new = writer("v2", a="v1", b="v2")
    rebuilt = "stale input core.values 2026-01-01 will be rebuilt"
    snapshot = raw(1)
    snapshot.add(sliced("c1", {"a": "v1", "b": "v1"}, a="1", b="2"))
    record_reads(snapshot, of_a)
    forced = partition(plan(snapshot, new, of_a, forced=[(VALUES.name, D1)]), "core.of_a", 1)
    assert f"{forced.state} {forced.reason}" == rebuilt
    snapshot.contents["raw.x"][D1] = "other"
    assert state_and_reason(snapshot, "core.of_a", new, of_a) == rebuilt
    assert state_and_reason(snapshot, VALUES.name, new) == "stale code changed"
    unknown = raw(1)
    unknown.add(sliced("c1", {}, a="1", b="2"))
    record_reads(unknown, of_a)
    assert state_and_reason(unknown, "core.of_a", new, of_a) == rebuilt


def test_records_without_slices_are_compared_as_a_whole() -> None:
    of_a = reader("core.of_a", "a")
    snapshot = raw(1)
    snapshot.add(replace(sliced("c1"), slices=None))
    record_reads(snapshot, of_a)
    assert state_and_reason(snapshot, "core.of_a", writer(), of_a) == "fresh", "as before slices were recorded"
    snapshot.add(sliced("c1", a="1"))
    assert state_and_reason(snapshot, "core.of_a", writer(), of_a).startswith("stale"), (
        "it is compared with other hashes"
    )
    snapshot.remove(VALUES.name, D1)
    assert snapshot.inputs({VALUES.name: (D1,)}, of_a.steps[0].slices) == {VALUES.name: {}}


def test_what_a_partition_was_made_of_is_compared_by_slices() -> None:
    part = SliceRead(VALUES.name, "name", ("a",))
    snapshot = raw(1)
    snapshot.add(sliced("c1", a="1", b="2"))
    inputs = snapshot.inputs({VALUES.name: (D1,), "raw.x": (D1,)}, [part])
    snapshot.add(sliced("c2", a="1", b="3"))
    assert [one.change for days in compare_inputs(inputs, snapshot, [part]).values() for one in days] == [
        "same",
        "same",
    ]
    snapshot.add(sliced("c3", a="2", b="3"))
    assert [one.change for one in compare_inputs(inputs, snapshot, [part])[VALUES.name]] == ["changed"]
    snapshot.remove(VALUES.name, D1)
    assert [one.change for one in compare_inputs(inputs, snapshot, [part])[VALUES.name]] == ["gone"]


ROWS = "SELECT * FROM (VALUES ('a', 1), ('b', {b}), (NULL, 3)) AS v(name, n)"
DAY = History(D1, D1)


def filled(sql: str) -> Pipeline:
    made = writer(sql)
    return replace(made, steps=(replace(made.steps[0], sql=sql, reads=()),))


def sum_of(table: str, *names: str) -> Pipeline:
    made = reader(table, *names)
    return replace(
        made, steps=(replace(made.steps[0], sql=f"SELECT sum(n) AS n, count(*) AS rows FROM {VALUES.name}"),)
    )


def outcomes(warehouse: LocalWarehouse, *pipelines: Pipeline) -> dict[str, str]:
    return {result.table: result.outcome for result in warehouse.run(*pipelines, history=DAY).results}


def test_a_run_computes_again_only_what_reads_a_slice_that_changed(tmp_path: Path) -> None:
    readers = sum_of("core.of_a", "a"), sum_of("core.of_b", "b", "none"), sum_of("core.all")
    warehouse = LocalWarehouse(tmp_path)
    outcomes(warehouse, filled(ROWS.format(b=2)), *readers)
    found = warehouse.engine.query(
        "SELECT * FROM core.of_a UNION ALL SELECT * FROM core.of_b UNION ALL SELECT * FROM core.all"
    )
    assert found.to_pydict()["n"] == [1, 2, 6]
    assert found.to_pydict()["rows"] == [1, 1, 3], "a step sees the slices that it declares and no other rows"
    changed = outcomes(warehouse, filled(ROWS.format(b=5)), *readers)
    assert changed == {"core.values": "written", "core.of_a": "fresh", "core.of_b": "written", "core.all": "written"}
    assert outcomes(warehouse, filled(ROWS.format(b=5)), *readers) == {}


def test_the_hashes_of_slices_do_not_depend_on_how_a_partition_was_written(tmp_path: Path) -> None:
    many = f"SELECT CASE WHEN i % 3 = 0 THEN 'a' ELSE 'b' END AS name, i AS n FROM range({2 * ROW_GROUP_ROWS}) AS r(i)"
    big, small = (LocalWarehouse(tmp_path / name) for name in ("big", "small"))
    outcomes(small, filled(many))
    source = replace(pipe("core.source"), steps=(replace(pipe("core.source").steps[0], sql=many),))
    copied = filled("SELECT name, n FROM core.source")
    copied = replace(copied, steps=(replace(copied.steps[0], reads=(read("core.source"),)),))
    outcomes(big, source, copied)  # its input is too large to be held in memory
    found = [one.registry.records()[VALUES.name][D1] for one in (small, big)]
    assert found[0].slices
    assert found[0].slices.contents.keys() == {"a", "b"}
    assert (found[0].content, found[0].slices) == (found[1].content, found[1].slices)


def test_a_partition_without_rows_has_no_slices_and_null_is_none(tmp_path: Path) -> None:
    warehouse = LocalWarehouse(tmp_path)
    outcomes(warehouse, filled(ROWS.format(b=2)))
    written = warehouse.registry.records()[VALUES.name][D1]
    assert written.rows == 3
    assert written.slices
    assert written.slices.contents.keys() == {"a", "b"}
    outcomes(warehouse, filled(ROWS.format(b=2) + " WHERE FALSE"))
    assert warehouse.registry.records()[VALUES.name][D1].slices == Slices("name", {})


def test_a_rebuilt_registry_knows_slices(tmp_path: Path) -> None:
    warehouse = LocalWarehouse(tmp_path)
    made = filled(ROWS.format(b=2))
    made = replace(made, steps=(replace(made.steps[0], slice_code={"a": "1", "b": "2"}),))
    outcomes(warehouse, made, sum_of("core.of_a", "a"))
    before = warehouse.registry.record(VALUES.name, D1)
    assert before
    assert before.slices
    assert before.slices.code == {"a": "1", "b": "2"}
    other = Registry(f"sqlite:///{tmp_path}/other.db")
    restore(warehouse.engine, other)
    after = other.record(VALUES.name, D1)
    assert after
    assert after.slices == before.slices
    assert other.inputs("core.of_a") == warehouse.registry.inputs("core.of_a")
    other.close()


def total(context: StepContext) -> object:
    return context.query(f"SELECT sum(n) AS n FROM {VALUES.name}")


def test_a_python_step_sees_only_its_slices(tmp_path: Path) -> None:
    warehouse = LocalWarehouse(tmp_path)
    made = sum_of("core.of_b", "b")
    made = replace(made, steps=(replace(made.steps[0], sql=None, call=total),))
    outcomes(warehouse, filled(ROWS.format(b=2)), made)
    assert warehouse.engine.query("SELECT n FROM core.of_b").to_pydict() == {"n": [2]}


def test_slices_are_in_the_json_of_a_pipeline_and_come_back() -> None:
    for made in (writer(a="1"), reader("core.of_a", "a")):
        assert pipeline_from_dict(pipeline_to_dict(made), Where(), lambda _: total).steps == made.steps
    assert "slice" not in str(pipeline_to_dict(pipe("core.a", read("raw.x"))))
