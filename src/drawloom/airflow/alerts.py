"""Who hears of failures and missed deadlines: addresses of a spec -> notifiers of Airflow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

FAILED = "{{ dag.dag_id }} failed for {{ dag_run.partition_key or dag_run.run_id }}"
LATE = "{{ dag_run.dag_id }} is late for {{ dag_run.partition_key or dag_run.run_id }}"


def notifiers(alerts: Sequence[str], text: str = FAILED) -> list[Any]:
    """One notifier for each address; passwords and URLs are in Airflow's connections."""
    return [_notifier(alert, text) for alert in alerts]


def deadline(alerts: Sequence[str], seconds: int) -> DeadlineAlert:
    """Tells these addresses when a run has not ended so long after it was queued."""
    callback = AsyncCallback("drawloom.airflow.alerts.tell_late", kwargs={"alerts": list(alerts)})
    return DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, timedelta(seconds=seconds), callback, name="deadline")


async def tell_late(alerts: Sequence[str], context: Any = None, **_: Any) -> None:
    """What the triggerer calls when a deadline has passed."""
    run = (context or {}).get("dag_run") or {}
    text = f"{_get(run, 'dag_id')} is late for {_get(run, 'partition_key') or _get(run, 'run_id')}"
    for notifier in notifiers(alerts, text):
        await notifier.async_notify(context or {})


def _get(run: Any, key: str) -> Any:
    return run.get(key) if isinstance(run, dict) else getattr(run, key, None)


def _notifier(alert: str, text: str) -> Any:
    kind, _, rest = alert.partition(":")
    if kind == "slack":
        from airflow.providers.slack.notifications.slack import SlackNotifier

        return SlackNotifier(channel=rest, text=text)
    if kind == "webhook":
        from airflow.providers.http.notifications.http import HttpNotifier

        return HttpNotifier(http_conn_id=rest, json={"text": text})
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    return SmtpNotifier(to=alert, subject=text, html_content=f"<p>{text}</p>")
