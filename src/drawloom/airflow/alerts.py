"""Who hears of failures and missed deadlines: addresses of a spec -> notifiers of Airflow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from airflow.sdk import BaseNotifier, Context
from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

_KEYS = ("dag_id", "partition_key", "run_id")


class FailureNotifier(BaseNotifier):
    """Tells addresses of a spec that a run has failed for good.

    Their notifiers are imported when there is something to tell: that takes longer than reading a thousand DAGs.
    """

    def __init__(self, alerts: Sequence[str]) -> None:
        super().__init__()
        self.alerts = list(alerts)

    def notify(self, context: Context) -> None:
        """Tell all of them; a failing one does not keep the others from hearing."""
        text = f"{_told(context)} failed"
        for alert in self.alerts:
            try:
                notifier(alert, text).notify(context)
            except Exception:
                self.log.exception("could not tell %s", alert)


def deadline(alerts: Sequence[str], seconds: int) -> DeadlineAlert:
    """Tells these addresses when a run has not ended so long after it was queued."""
    callback = AsyncCallback("drawloom.airflow.alerts.tell_late", kwargs={"alerts": list(alerts)})
    return DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, timedelta(seconds=seconds), callback, name="deadline")


async def tell_late(alerts: Sequence[str], context: Any = None, **_: Any) -> None:
    """What the triggerer calls when a deadline has passed."""
    text = f"{_told(context or {})} is late"
    for alert in alerts:
        await notifier(alert, text).async_notify(context or {})


def notifier(alert: str, text: str) -> Any:
    """The notifier of one address; passwords and URLs are in Airflow's connections."""
    kind, _, rest = alert.partition(":")
    if kind == "slack":
        from airflow.providers.slack.notifications.slack import SlackNotifier

        return SlackNotifier(channel=rest, text=text)
    if kind == "webhook":
        from airflow.providers.http.notifications.http import HttpNotifier

        return HttpNotifier(http_conn_id=rest, json={"text": text})
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    return SmtpNotifier(to=alert, subject=text, html_content=f"<p>{text}</p>")


def _told(context: Any) -> str:
    """The DAG and the day of a run, which is an object or, in the triggerer, a dict."""
    run = context.get("dag_run") or {}
    values = run if isinstance(run, dict) else {key: getattr(run, key, None) for key in _KEYS}
    dag_id, key, run_id = (values.get(key) for key in _KEYS)
    return f"{dag_id} {key or run_id}"
