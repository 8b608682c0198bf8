"""Alerts on failures and missed deadlines, sent to real servers on this machine."""

from __future__ import annotations

import asyncio
import json
import socketserver
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest

from drawloom.airflow.alerts import FailureNotifier, create_notifier, notify_late, tell
from tests.integration.airflow.conftest import Webhook

RUN = SimpleNamespace(dag_id="shop.p", partition_key="2026-01-01", run_id="r")
FAILED: Any = {"dag_run": RUN}


def test_an_unreachable_address_does_not_keep_others_from_a_failure_alert(hook: Webhook) -> None:
    FailureNotifier(["webhook:unreachable", "webhook:pager"]).notify(FAILED)
    assert hook.received == ['{"text": "shop.p 2026-01-01 failed"}']


def test_a_missed_deadline_alerts_from_the_triggerer(hook: Webhook) -> None:
    asyncio.run(notify_late(["webhook:pager"], {"dag_run": {"dag_id": "shop.p", "partition_key": None, "run_id": "r"}}))
    assert hook.received == ['{"text": "shop.p r is late"}']


def test_values_in_a_text_are_no_templates_and_no_markup(hook: Webhook) -> None:
    text = "health 2026-01-12: 1 alert\nwarn 1a2b3c4d: country = <b>{{ 1 + 1 }}</b> explains it"
    tell(["webhook:pager"], text, FAILED, FailureNotifier([]).log)
    assert [json.loads(one)["text"] for one in hook.received] == [text]
    mail = create_notifier("me@example.com", text)
    assert mail.subject == "health 2026-01-12: 1 alert"
    assert "<br>warn 1a2b3c4d: country = &lt;b&gt;" in mail.html_content
    assert "&lt;b&gt;" in create_notifier("slack:#data", text).text


def test_the_form_of_an_address_selects_the_notifier() -> None:
    mail, slack = create_notifier("me@example.com", "late"), create_notifier("slack:#data", "late")
    assert (type(mail).__name__, mail.to, mail.subject) == ("SmtpNotifier", "me@example.com", "late")
    assert (type(slack).__name__, slack.channel, slack.text) == ("SlackNotifier", "#data", "late")


class MailServer(socketserver.StreamRequestHandler):
    """A minimal SMTP server that keeps what it receives."""

    def handle(self) -> None:
        self._reply("220 ready")
        lines: list[str] = []
        for line in iter(self.rfile.readline, b""):
            text = line.decode().rstrip("\r\n").upper()
            if text == "DATA":
                self._reply("354 go on")
                lines += [part.decode().rstrip("\r\n") for part in iter(self.rfile.readline, b".\r\n")]
            self._reply("221 bye" if text == "QUIT" else "250 ok")
            if text == "QUIT":
                break
        self.server.mails.append("\n".join(lines))  # type: ignore[attr-defined]

    def _reply(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


def test_mail_is_sent_through_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), MailServer) as server:
        server.mails = []  # type: ignore[attr-defined]
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"smtp://127.0.0.1:{server.server_address[1]}"
        monkeypatch.setenv(
            "AIRFLOW_CONN_SMTP_DEFAULT", f"{address}?from_email=us@example.com&disable_ssl=true&disable_tls=true"
        )
        FailureNotifier(["me@example.com"]).notify(FAILED)
        server.shutdown()
        (mail,) = server.mails  # type: ignore[attr-defined]
    assert "Subject: shop.p 2026-01-01 failed" in mail
    assert "To: me@example.com" in mail


def test_slack_is_posted_to_through_the_connection(hook: Webhook, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = {
        "conn_type": "slack",
        "password": "xoxb-not-real",
        "extra": {"base_url": f"http://127.0.0.1:{hook.port}/api/"},
    }
    monkeypatch.setenv("AIRFLOW_CONN_SLACK_API_DEFAULT", json.dumps(connection))
    FailureNotifier(["slack:#data"]).notify(FAILED)
    (message,) = hook.received
    assert json.loads(message)["channel"] == "#data"
    assert json.loads(message)["text"] == "shop.p 2026-01-01 failed"
