"""What comes from others is named, with its licence, and is what it was when it was built."""

from __future__ import annotations

import base64
import hashlib
import json
from importlib.resources import files

from starlette.testclient import TestClient

VENDOR = files("drawloom.web") / "static" / "vendor"


def test_the_bundle_is_the_one_that_was_built() -> None:
    about = json.loads((VENDOR / "VENDOR.json").read_text())
    digest = hashlib.sha384((VENDOR / about["file"]).read_bytes()).digest()
    assert base64.b64encode(digest).decode() == about["sha384"]


def test_every_package_in_it_has_a_licence_that_allows_it() -> None:
    about = json.loads((VENDOR / "VENDOR.json").read_text())
    licences = (VENDOR / "LICENSES.txt").read_text()
    assert {one["licence"] for one in about["packages"]} == {"MIT"}
    for one in about["packages"]:
        assert f"== {one['name']}\n" in licences, one["name"]


def test_only_the_editor_loads_it(reader: TestClient) -> None:
    assert "codemirror" in reader.get("/autodag").text
    assert "codemirror" not in reader.get("/").text
    assert reader.get("/static/vendor/codemirror.js").headers["content-type"].startswith("text/javascript")
