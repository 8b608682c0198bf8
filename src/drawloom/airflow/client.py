"""Talking to a running Airflow over its REST API."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from drawloom.airflow.local import HOST, address, password
from drawloom.airflow.version import EXTRA
from drawloom.model import Fix, Problem, RunError, refuse

if TYPE_CHECKING:
    import httpx

URL = "DRAWLOOM_AIRFLOW_URL"
TOKEN = "DRAWLOOM_AIRFLOW_TOKEN"  # noqa: S105 - the name of a variable
USER = "DRAWLOOM_AIRFLOW_USER"
PASSWORD = "DRAWLOOM_AIRFLOW_PASSWORD"  # noqa: S105 - the name of a variable


class Client:
    """An API of Airflow, logged in.

    Args:
        url: where its page is.
        token: a token for it, or
        login: a user and his password.

    Raises:
        RunError: it does not answer, or does not let us in.
    """

    def __init__(self, url: str, token: str | None = None, login: tuple[str, str] | None = None) -> None:
        try:
            import httpx
        except ImportError as error:
            raise refuse(
                "no-airflow", "httpx == not installed, must be there to talk to Airflow.", None, EXTRA
            ) from error
        self._errors = httpx.HTTPError
        self.url = url.rstrip("/")
        self._http = httpx.Client(base_url=self.url, timeout=60, trust_env=HOST not in url)
        if not token and login:
            token = self._ask("POST", "/auth/token", json=dict(zip(("username", "password"), login, strict=True)))[
                "access_token"
            ]
        if token:
            self._http.headers["Authorization"] = f"Bearer {token}"

    @classmethod
    def of_project(cls, root: Path) -> Self:
        """The Airflow that the environment names, or else the one that ``drawloom airflow up`` runs for a project.

        Raises:
            InputError: there is none.
        """
        home = root.absolute() / ".drawloom" / "airflow"
        url = os.environ.get(URL)
        if url:
            user = os.environ.get(USER)
            login = (user, os.environ.get(PASSWORD, "")) if user else None
            return cls(url, os.environ.get(TOKEN), login)
        local = address(home)
        if local:
            return cls(local, login=password(home))
        fix = f"Set {URL}, and {TOKEN} or {USER} and {PASSWORD}; or start one with `drawloom airflow up`."
        raise refuse("no-airflow-url", "airflow == unknown, must be named.", None, fix)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    @property
    def headers(self) -> dict[str, str]:
        """What lets a request in."""
        return {"Authorization": self._http.headers.get("Authorization", "")}

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """The answer to a question."""
        return self._ask("GET", f"/api/v2{path}", params=query)

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        """The answer to a request with a JSON body."""
        return self._ask("POST", f"/api/v2{path}", json=body)

    def patch(self, path: str, **body: Any) -> dict[str, Any]:
        """The answer to a change with a JSON body."""
        return self._ask("PATCH", f"/api/v2{path}", json=body)

    def announce(self, table: str, days: Iterable[date]) -> int:
        """Tell that days of a table have landed: one keyed event of its asset for each; how many.

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

    def _ask(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        try:
            answer = self._http.request(method, path, **options)
        except self._errors as error:
            message = f"airflow == {self.url}, must answer: {type(error).__name__}: {error}."
            raise RunError(Problem("airflow-down", "error", message, fix=Fix("See that it is up."))) from error
        if answer.is_error:
            message = f"airflow == {answer.status_code} to {method} {path}, must take it: {_said(answer)}"
            fix = Fix(f"See {TOKEN}, or {USER} and {PASSWORD}.") if answer.status_code in {401, 403} else None
            raise RunError(Problem("airflow-refused", "error", message, fix=fix))
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found


def _said(answer: httpx.Response) -> str:
    return answer.text[:500]
