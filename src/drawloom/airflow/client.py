"""A client for the REST API of a running Airflow."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tenacity import Retrying, retry_if_result, stop_after_attempt, wait_random_exponential

from drawloom.airflow.standalone import HOST, read_login, running_url
from drawloom.airflow.version import INSTALL_COMMAND
from drawloom.model import Fix, Problem, RunError, refuse

URL = "DRAWLOOM_AIRFLOW_URL"
TOKEN = "DRAWLOOM_AIRFLOW_TOKEN"  # noqa: S105 - the name of a variable
USER = "DRAWLOOM_AIRFLOW_USER"
PASSWORD = "DRAWLOOM_AIRFLOW_PASSWORD"  # noqa: S105 - the name of a variable
DATABASE_ERROR = "Database error"  # Airflow's reason when a transaction failed, of SQLite mostly a lock
ATTEMPTS = 4


class Client:
    """An authenticated client.

    Args:
        url: the base URL of Airflow.
        token: a token, or
        login: a user and password to get one.

    Raises:
        InputError: httpx is not installed.
        RunError: Airflow does not answer, or refuses the login.
    """

    def __init__(self, url: str, token: str | None = None, login: tuple[str, str] | None = None) -> None:
        try:
            import httpx
        except ImportError as error:
            message = "httpx is not installed; it is needed to call Airflow."
            raise refuse("no-airflow", message, None, f"Run {INSTALL_COMMAND}.") from error
        self._errors = httpx.HTTPError
        self.url = url.rstrip("/")
        self._http = httpx.Client(base_url=self.url, timeout=60, trust_env=HOST not in url)
        if not token and login:
            user, password = login
            token = self._request("POST", "/auth/token", json={"username": user, "password": password})["access_token"]
        if token:
            self._http.headers["Authorization"] = f"Bearer {token}"

    @classmethod
    def for_project(cls, root: Path) -> Self:
        """A client for the Airflow named in the environment, or else the one that ``drawloom airflow up`` started.

        Raises:
            InputError: there is neither.
        """
        home = root.absolute() / ".drawloom" / "airflow"
        url = os.environ.get(URL)
        if url:
            user = os.environ.get(USER)
            login = (user, os.environ.get(PASSWORD, "")) if user else None
            return cls(url, os.environ.get(TOKEN), login)
        local = running_url(home)
        if local:
            return cls(local, login=read_login(home))
        fix = f"Set {URL}, and {TOKEN} or {USER} and {PASSWORD}; or start one with `drawloom airflow up`."
        raise refuse("no-airflow-url", "No Airflow is configured, and none is running.", None, fix)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """The JSON that ``GET /api/v2{path}`` returns."""
        return self._request("GET", f"/api/v2{path}", params=query)

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        """The JSON that ``POST /api/v2{path}`` with a JSON body returns."""
        return self._request("POST", f"/api/v2{path}", json=body)

    def patch(self, path: str, **body: Any) -> dict[str, Any]:
        """The JSON that ``PATCH /api/v2{path}`` with a JSON body returns."""
        return self._request("PATCH", f"/api/v2{path}", json=body)

    def announce(self, table: str, days: Iterable[date]) -> int:
        """Report days of a table as landed: one asset event with a partition key for each. Returns how many.

        Raises:
            InputError: no DAG reads or writes the table.
        """
        found = self.get("/assets", name_pattern=table, limit=100)["assets"]
        asset = next((asset for asset in found if asset["name"] == table), None)
        if asset is None:
            message = f"table == {table}, must be an asset of {self.url}: no DAG there reads or fills it."
            raise refuse(
                "no-asset", message, None, "Run `drawloom airflow install`, and wait until Airflow has read it."
            )
        count = 0
        for day in days:
            self.post("/assets/events", asset_id=asset["id"], partition_key=day.isoformat(), extra={"from": "drawloom"})
            count += 1
        return count

    def _request(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        try:
            answer = _repeat()(self._http.request, method, path, **options)
        except self._errors as error:
            message = f"Airflow at {self.url} does not answer: {type(error).__name__}: {error}."
            raise RunError(Problem("airflow-down", "error", message, fix=Fix("Check that it is running."))) from error
        if answer.is_error:
            message = f"Airflow refused {method} {path} with status {answer.status_code}: {answer.text[:500]}"
            fix = Fix(f"Check {TOKEN}, or {USER} and {PASSWORD}.") if answer.status_code in {401, 403} else None
            raise RunError(Problem("airflow-refused", "error", message, fix=fix))
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found


def _repeat() -> Retrying:
    """Repeat a request whose transaction failed in Airflow's database: nothing of it was kept."""
    return Retrying(
        retry=retry_if_result(lambda answer: answer.status_code == 500 and DATABASE_ERROR in answer.text),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_random_exponential(0.2, max=5),
        retry_error_callback=lambda state: state.outcome and state.outcome.result(),  # the last answer
    )
