"""What people see and hear: pages, pictures, alerts; and when weeks run."""

from __future__ import annotations

import asyncio
import json
import socketserver
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pendulum
import pytest
from airflow.timetables.base import TimeRestriction
from hypothesis import given
from hypothesis import strategies as st

from drawloom.airflow.alerts import FailureNotifier, notifier, tell_late
from drawloom.airflow.docs import page
from drawloom.airflow.picture import draw
from drawloom.airflow.timetable import EndedPeriodTimetable
from drawloom.model import Bound, Days, Pipeline, Read, Step, Table
from tests.integration.airflow.conftest import Hook

SVG = "{http://www.w3.org/2000/svg}"
NAMES = st.sampled_from([f"core.t{n}" for n in range(6)])


def test_a_table_is_further_right_than_what_it_is_made_of() -> None:
    root = ET.fromstring(
        draw(
            [("raw.a", "core.b"), ("core.b", "core.c"), ("raw.a", "core.c"), ("core.c", "core.c")], ["core.b", "core.c"]
        )
    )
    at = dict(zip([text.text for text in root.iter(f"{SVG}text")], root.iter(f"{SVG}rect"), strict=True))
    xs = [float(at[name].attrib["x"]) for name in ("raw.a", "core.b", "core.c")]
    assert xs == sorted(set(xs))
    assert [at[name].attrib.get("class") for name in ("raw.a", "core.b")] == [None, "own"]
    assert len(list(root.iter(f"{SVG}path"))) == 3


@given(st.lists(st.tuples(NAMES, NAMES)), st.lists(NAMES))
def test_any_picture_has_every_table_once_and_none_on_another(edges: list[tuple[str, str]], own: list[str]) -> None:
    root = ET.fromstring(draw(edges, own))
    boxes = [tuple(float(rect.attrib[key]) for key in ("x", "y")) for rect in root.iter(f"{SVG}rect")]
    pairs = {(a, b) for a, b in edges if a != b}
    assert len(boxes) == len(set(boxes)) == len({name for pair in pairs for name in pair} | set(own))
    assert len(list(root.iter(f"{SVG}path"))) == len(pairs)


def test_a_page_names_days_in_words() -> None:
    reads = (
        Read("raw.all"), Read("raw.cal", how="calendar", calendar=((Bound("month"), Bound()),)), Read("raw.fix", how="fixed"),
        Read("raw.day", Days.of(0), "offset"), Read("raw.week", Days.span(-6, 0), "offset"),
    )  # fmt: skip
    step = Step("first", Table("a.b", keep=7, keep_month_ends=True), sql="SELECT 1", reads=reads)
    text = page(
        Pipeline("p", "autodag", (step, Step("a.c", Table("a.c", keep=3), sql="SELECT 1")), description="What it is."),
        "x.p",
        "specs/p.sql",
        "SELECT 1\n",
    )
    assert text.startswith("What it is.\n")
    assert (
        "- **first** fills `a.b`, reads `raw.all` (all days), `raw.cal` (by the calendar), `raw.day`, `raw.fix` (fixed days), "
        "`raw.week` (days -6..0). Kept for 7 days, month ends for ever.\n"
    ) in text
    assert "- **a.c** reads nothing. Kept for 3 days.\n" in text
    assert "![What comes from what](/drawloom/lineage/x.p.svg)" in text
    assert text.endswith("The spec, `specs/p.sql`:\n\n```sql\nSELECT 1\n```\n")


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    hook = Hook()
    monkeypatch.setenv("AIRFLOW_CONN_PAGER", f"http://127.0.0.1:{hook.port}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield hook
    hook.server.shutdown()
    hook.server.server_close()


def test_a_failure_is_told_to_all_though_one_cannot_hear(hook: Hook) -> None:
    run = SimpleNamespace(dag_id="shop.p", partition_key="2026-01-01", run_id="r")
    context: Any = {"dag_run": run}
    FailureNotifier(["webhook:nobody", "webhook:pager"]).notify(context)
    assert hook.heard == ['{"text": "shop.p 2026-01-01 failed"}']


def test_a_delay_is_told_from_the_triggerer(hook: Hook) -> None:
    asyncio.run(tell_late(["webhook:pager"], {"dag_run": {"dag_id": "shop.p", "partition_key": None, "run_id": "r"}}))
    assert hook.heard == ['{"text": "shop.p r is late"}']


def test_addresses_have_their_notifiers() -> None:
    mail, slack = notifier("me@example.com", "late"), notifier("slack:#data", "late")
    assert (type(mail).__name__, mail.to, mail.subject) == ("SmtpNotifier", "me@example.com", "late")
    assert (type(slack).__name__, slack.channel, slack.text) == ("SlackNotifier", "#data", "late")


def _keys(table: EndedPeriodTimetable, first: datetime, last: datetime) -> list[str | None]:
    return [info.partition_key for info in table.iter_partition_dagrun_infos(earliest=first, latest=last)]


def test_weeks_and_months_are_named_by_their_last_day_and_run_after_it() -> None:
    weeks = EndedPeriodTimetable("0 5 * * 1", timezone="Europe/Paris", key_format="%Y-%m-%d")
    span = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 18, tzinfo=UTC)
    assert _keys(weeks, *span) == ["2026-01-04", "2026-01-11", "2026-01-18"]
    months = EndedPeriodTimetable("0 0 1 * *", timezone="UTC", key_format="%Y-%m-%d")
    assert _keys(months, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC)) == [
        "2026-01-31",
        "2026-02-28",
    ]
    start = TimeRestriction(pendulum.datetime(2026, 1, 6), None, catchup=True)
    info = weeks.next_dagrun_info_v2(last_dagrun_info=None, restriction=start)
    assert info is not None
    assert (info.partition_key, info.run_after) == ("2026-01-11", pendulum.datetime(2026, 1, 12, 4))


class Mail(socketserver.StreamRequestHandler):
    """Takes mail as any server does, and keeps it."""

    def handle(self) -> None:
        self._say("220 here")
        lines: list[str] = []
        for line in iter(self.rfile.readline, b""):
            text = line.decode().rstrip("\r\n").upper()
            if text == "DATA":
                self._say("354 go on")
                lines += [part.decode().rstrip("\r\n") for part in iter(self.rfile.readline, b".\r\n")]
            self._say("221 bye" if text == "QUIT" else "250 ok")
            if text == "QUIT":
                break
        self.server.mails.append("\n".join(lines))  # type: ignore[attr-defined]

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


def test_mail_is_sent_through_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail) as server:
        server.mails = []  # type: ignore[attr-defined]
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"smtp://127.0.0.1:{server.server_address[1]}"
        monkeypatch.setenv(
            "AIRFLOW_CONN_SMTP_DEFAULT", f"{address}?from_email=us@example.com&disable_ssl=true&disable_tls=true"
        )
        run = SimpleNamespace(dag_id="shop.p", partition_key="2026-01-01", run_id="r")
        context: Any = {"dag_run": run}
        FailureNotifier(["me@example.com"]).notify(context)
        server.shutdown()
        (mail,) = server.mails  # type: ignore[attr-defined]
    assert "Subject: shop.p 2026-01-01 failed" in mail
    assert "To: me@example.com" in mail


def test_slack_is_told_through_the_connection(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = {
        "conn_type": "slack",
        "password": "xoxb-not-real",
        "extra": {"base_url": f"http://127.0.0.1:{hook.port}/api/"},
    }
    monkeypatch.setenv("AIRFLOW_CONN_SLACK_API_DEFAULT", json.dumps(connection))
    run = SimpleNamespace(dag_id="shop.p", partition_key="2026-01-01", run_id="r")
    context: Any = {"dag_run": run}
    FailureNotifier(["slack:#data"]).notify(context)
    (said,) = hook.heard
    assert json.loads(said)["channel"] == "#data"
    assert json.loads(said)["text"] == "shop.p 2026-01-01 failed"
