"""Alerts on failures and missed deadlines: Airflow notifiers for the addresses of a spec."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from html import escape
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseNotifier, Context
from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

if TYPE_CHECKING:
    from airflow.sdk.types import Logger

_KEYS = ("dag_id", "partition_key", "run_id")


class FailureNotifier(BaseNotifier):
    """Alerts the addresses of a spec when a run has failed after its last retry.

    Providers are imported only when there is an alert to send: that takes longer than parsing a thousand DAGs.
    """

    def __init__(self, alerts: Sequence[str]) -> None:
        super().__init__()
        self.alerts = list(alerts)

    def notify(self, context: Context) -> None:
        """Alert every address; an error at one does not keep the others from being alerted."""
        tell(self.alerts, f"{_run_label(context)} failed", context, self.log)


def tell(alerts: Sequence[str], text: str, context: Context, log: Logger) -> None:
    """Send a text to every address; an error at one does not keep the others from being alerted."""
    for alert in alerts:
        try:
            create_notifier(alert, text).notify(context)
        except Exception:
            log.exception("could not alert %s", alert)


def deadline(alerts: Sequence[str], seconds: int) -> DeadlineAlert:
    """Alerts these addresses when a run has not ended ``seconds`` after it was queued."""
    callback = AsyncCallback("drawloom.airflow.alerts.notify_late", kwargs={"alerts": list(alerts)})
    return DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, timedelta(seconds=seconds), callback, name="deadline")


async def notify_late(alerts: Sequence[str], context: Any = None, **_: Any) -> None:
    """Alert every address that a run is late. The triggerer calls this when a deadline has passed."""
    text = f"{_run_label(context or {})} is late"
    for alert in alerts:
        await create_notifier(alert, text).async_notify(context or {})


def create_notifier(alert: str, text: str) -> Any:
    """The notifier of one address. Passwords and URLs come from Airflow's connections."""
    kind, _, rest = alert.partition(":")
    if kind == "slack":
        from airflow.providers.slack.notifications.slack import SlackNotifier

        return SlackNotifier(channel=rest, text=escape(text, quote=False))
    if kind == "webhook":
        from airflow.providers.http.notifications.http import HttpNotifier

        return HttpNotifier(http_conn_id=rest, json={"text": text})
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    lines = text.splitlines()
    return SmtpNotifier(to=alert, subject=lines[0], html_content=f"<p>{'<br>'.join(map(escape, lines))}</p>")


def _run_label(context: Any) -> str:
    """The DAG and partition key of a run, which is an object in a worker and a dict in the triggerer."""
    run = context.get("dag_run") or {}
    values = run if isinstance(run, dict) else {key: getattr(run, key, None) for key in _KEYS}
    dag_id, key, run_id = (values.get(key) for key in _KEYS)
    return f"{dag_id} {key or run_id}"
