"""The folder of an export, and what else may be in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from drawloom.model import InputError, RunError
from drawloom.web.export_folder import MARK, ExportFolder


def export(folder: Path, *names: str) -> None:
    made = ExportFolder(folder)
    for name in names:
        made.write(name, name.encode())
    made.finish()


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_pages_that_are_no_more_are_removed(tmp_path: Path) -> None:
    export(tmp_path, "index.html", "show/old/rows.csv", "tables/a.html")
    (tmp_path / "mine.txt").touch()
    export(tmp_path, "index.html", "tables/b.html")
    assert files(tmp_path) == {"index.html", "tables/b.html", "mine.txt", MARK}
    assert not (tmp_path / "show").exists()


def test_what_an_export_that_failed_left_is_removed_by_the_next(tmp_path: Path) -> None:
    export(tmp_path, "a.html", "b.html")
    ExportFolder(tmp_path).write("a.html", b"new")
    export(tmp_path, "c.html")
    assert files(tmp_path) == {"c.html", MARK}


def test_other_folders_are_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    with pytest.raises(InputError, match="must be new, empty"):
        ExportFolder(tmp_path)


def test_links_lead_nowhere(tmp_path: Path) -> None:
    folder, other = tmp_path / "pages", tmp_path / "other"
    other.mkdir()
    (other / "a.html").write_text("mine")
    export(folder, "index.html", "show/a.html")
    (folder / "show" / "a.html").unlink()
    (folder / "show").rmdir()
    (folder / "show").symlink_to(other)
    with pytest.raises(RunError, match="a link, must lie in"):
        export(folder, "show/a.html")
    export(folder, "index.html")
    (folder / "b.html").symlink_to(other / "a.html")
    with pytest.raises(RunError, match="a link, must lie in"):
        export(folder, "b.html")
    assert (other / "a.html").read_text() == "mine"


@pytest.mark.parametrize("mark", ["", "{}", '["../other.txt", "/etc/hosts", 1]', "[["])
def test_a_damaged_list_removes_nothing_else(tmp_path: Path, mark: str) -> None:
    folder = tmp_path / "pages"
    folder.mkdir()
    (tmp_path / "other.txt").touch()
    (folder / MARK).write_text(mark)
    export(folder, "index.html")
    assert (tmp_path / "other.txt").exists()
    assert files(folder) == {"index.html", MARK}
