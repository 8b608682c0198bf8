"""The shop of the tutorial with growth on top of it, finished once and copied, and clients that are signed in."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from drawloom.run.init import init_shop
from drawloom.run.project import Project
from drawloom.web.app import create_app
from drawloom.web.gate import Gate, TokenGate
from drawloom.web.site import Site
from drawloom.web.starter import LocalStarter

HOSTS = ("127.0.0.1", "localhost")
GROWTH = """
kind: growth
name: buyers
description: People who buy.
source: core.orders
entity: customer
time: ordered_at
activities: {orders: "TRUE"}
dimensions: {product: {}}
until: "forever: a test"
"""


def make_shop(folder: Path) -> None:
    """The finished project of the tutorial, with growth accounting of its buyers."""
    init_shop(folder)
    (folder / "specs" / "buyers.yml").write_text(GROWTH)
    columns = "order_id BIGINT, ordered_at TIMESTAMP, customer VARCHAR, product VARCHAR, amount DECIMAL(9,2)"
    with Project.load(folder) as project:
        files = [str(path) for path in sorted((folder / "landing").glob("*.csv"))]
        project.land("raw.orders", files, ds="CAST(ordered_at AS DATE)", columns=columns)
    with Project.load(folder) as project:
        assert not [problem for problem in project.check() if problem.severity == "error"]
        assert project.run().exit_code == 0


@pytest.fixture(scope="session")
def finished_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished project, which tests only look at, or copy."""
    folder = tmp_path_factory.mktemp("web") / "shop"
    make_shop(folder)
    return folder


@pytest.fixture
def shop(finished_shop: Path, tmp_path: Path) -> Path:
    """A finished project of this test alone."""
    return Path(shutil.copytree(finished_shop, tmp_path / "shop"))


@pytest.fixture
def open_client() -> Iterator[Callable[..., TestClient]]:
    """Makes clients of a project: signed in by cookie, unless another gate is given."""
    with ExitStack() as stack:

        def make(folder: Path, gate: Gate | None = None, *, sign_in: bool = True) -> TestClient:
            token = TokenGate("ana")
            app = create_app(Site(folder), gate or token, hosts=HOSTS, starter=LocalStarter())
            client = stack.enter_context(TestClient(app, "http://127.0.0.1", raise_server_exceptions=False))
            client.headers["sec-fetch-site"] = "same-origin"
            if gate is None and sign_in:
                client.get("/sign-in", params={"token": token.token})
            return client

        yield make


@pytest.fixture(scope="session")
def reader(finished_shop: Path) -> Iterator[TestClient]:
    """A client of a finished project that only looks."""
    gate = TokenGate("ana", read_only=True)
    with TestClient(
        create_app(Site(finished_shop), gate, hosts=HOSTS, starter=LocalStarter()), "http://127.0.0.1"
    ) as client:
        client.get("/sign-in", params={"token": gate.token})
        yield client
