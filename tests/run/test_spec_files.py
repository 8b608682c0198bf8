"""Saving spec files, and committing them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from drawloom.model import InputError, RunError
from drawloom.run.git import Git, branch_of, diff_text, find_git
from drawloom.run.spec_files import list_spec_files, new_spec_file, read_spec_text, save_spec_text, version_of

FILE = "specs/core.orders.sql"


def test_a_new_file(tmp_path: Path) -> None:
    save_spec_text(tmp_path, FILE, "one\n", "")
    assert (tmp_path / FILE).read_text() == "one\n"
    assert read_spec_text(tmp_path, FILE) == "one\n"
    assert list_spec_files(tmp_path) == [FILE]
    assert [path.name for path in (tmp_path / "specs").iterdir()] == ["core.orders.sql"]


def test_the_second_of_two_people_is_told(tmp_path: Path) -> None:
    save_spec_text(tmp_path, FILE, "one\n", "")
    began = version_of("one\n")
    save_spec_text(tmp_path, FILE, "ana\n", began)
    with pytest.raises(InputError, match="was changed since") as caught:
        save_spec_text(tmp_path, FILE, "ben\n", began)
    assert caught.value.problems[0].code == "changed-file"
    assert read_spec_text(tmp_path, FILE) == "ana\n"
    save_spec_text(tmp_path, FILE, "ana\n", began)  # the same text is no conflict
    save_spec_text(tmp_path, FILE, "ben\n", version_of("ana\n"))
    assert read_spec_text(tmp_path, FILE) == "ben\n"


def test_a_name_that_exists(tmp_path: Path) -> None:
    save_spec_text(tmp_path, FILE, "one\n", "")
    with pytest.raises(InputError, match="exists already"):
        save_spec_text(tmp_path, FILE, "two\n", "")


def test_of_many_at_once_one_wins(tmp_path: Path) -> None:
    def save(n: int) -> bool:
        try:
            save_spec_text(tmp_path, FILE, f"{n}\n", "")
        except InputError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(save, range(16))) == 1


@pytest.mark.parametrize(
    "file",
    ["../x.sql", "specs/../x.sql", "/etc/passwd", "specs/x.py", "specs/.x.sql", "specs/_x.sql", "drawloom.yml", "specs/", "specs//x.sql",
     "specs/a\\b.sql", "specs/a:b.sql", "specs/a\0.sql", "landing/x.sql"],
)  # fmt: skip
def test_other_files_are_refused(tmp_path: Path, file: str) -> None:
    with pytest.raises(InputError, match="must be a"):
        save_spec_text(tmp_path, file, "x", "")


def test_files_are_named_by_tables() -> None:
    assert new_spec_file("core.orders") == FILE
    for table in ("../x", "core", "a/b.c", "core.x\n", "core.<b>", "", "temp.x"):
        with pytest.raises(InputError, match="table =="):
            new_spec_file(table)


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "specs").write_text("a file in the place of the folder")
    with pytest.raises(RunError, match="cannot be written"):
        save_spec_text(tmp_path, FILE, "one\n", "")


def test_rights_and_links_stay(tmp_path: Path) -> None:
    save_spec_text(tmp_path, FILE, "one\n", "")
    (tmp_path / FILE).chmod(0o640)
    (tmp_path / "specs" / "link.sql").symlink_to("core.orders.sql")
    save_spec_text(tmp_path, "specs/link.sql", "two\n", version_of("one\n"))
    assert (tmp_path / "specs" / "link.sql").is_symlink()
    assert (tmp_path / FILE).read_text() == "two\n"
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o640


def git(folder: Path, *arguments: str) -> str:
    person = {
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }
    done = subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True, env={**os.environ, **person}
    )
    return done.stdout


@pytest.fixture
def repository(tmp_path: Path) -> Git:
    """A repository with a project in a folder of it."""
    git(tmp_path, "init", "-q", "-b", "main")
    project = tmp_path / "shop"
    save_spec_text(project, FILE, "one\n", "")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "begin")
    found = find_git(project)
    assert isinstance(found, Git)
    return found


def state(found: Git) -> tuple[str, str, str]:
    return git(found.folder, "status", "--porcelain"), git(found.folder, "rev-parse", "HEAD"), found.branch


def test_a_commit_touches_nothing_else(repository: Git) -> None:
    (repository.folder / "other.txt").write_text("in work")
    git(repository.folder, "add", "other.txt")
    save_spec_text(repository.folder, FILE, "two\n", version_of("one\n"))
    before = state(repository)
    branch = branch_of("core.orders")
    made = repository.commit(FILE, "two\n", branch, "Ana <ana@example.com>", "core.orders: saved")
    assert state(repository) == before
    assert repository.committed(FILE, branch) == "two\n"
    assert repository.committed(FILE) == "one\n"
    assert git(repository.folder, "diff", "--name-only", "main", branch).split() == [f"shop/{FILE}"]
    assert (
        git(repository.folder, "log", "-1", "--format=%an|%s", branch).strip()
        == "Ana ana@example.com|core.orders: saved"
    )
    assert git(repository.folder, "rev-parse", branch).startswith(made)
    second = repository.commit(FILE, "three\n", branch, "ben@example.com", "again")
    assert git(repository.folder, "log", "-1", "--format=%ae %p", second).split()[0] == "ben@example.com"
    assert git(repository.folder, "rev-list", "--count", branch).strip() == "3"
    git(repository.folder, "fsck", "--strict")


def test_a_branch_in_use_is_refused(repository: Git) -> None:
    git(repository.folder, "checkout", "-q", "-b", "drawloom/core.orders")
    with pytest.raises(RunError, match="must not be checked out"):
        repository.commit(FILE, "two\n", branch_of("core.orders"), "ana", "x")


@pytest.mark.parametrize(("table", "user"), [("core.lock", "<>"), ("core.größe", "-x"), ("core.x", "\n")])
def test_odd_names(repository: Git, table: str, user: str) -> None:
    repository.commit(new_spec_file(table), "two\n", branch_of(table), user, "-m odd")
    assert any(f"drawloom/{table}" in line for line in git(repository.folder, "branch", "--list").splitlines())


def test_before_the_first_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    found = find_git(tmp_path)
    assert isinstance(found, Git)
    found.commit(FILE, "one\n", "drawloom/x", "ana", "first")
    assert found.committed(FILE, "drawloom/x") == "one\n"
    assert found.committed(FILE) is None


def test_what_git_refuses_is_told(repository: Git) -> None:
    git(repository.folder, "branch", "drawloom")
    with pytest.raises(RunError, match="git update-ref"):
        repository.commit(FILE, "two\n", "drawloom/core.orders", "ana", "x")
    with pytest.raises(RunError, match="name that git allows"):
        repository.commit(FILE, "two\n", "a..b", "ana", "x")


def test_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_git(tmp_path) == "The project is not in a git repository."
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_git(tmp_path) == "git is not installed on this machine."


@pytest.mark.parametrize(
    ("before", "shown"),
    [
        (None, "--- /dev/null\n+++ b/x\n@@ -0,0 +1,2 @@\n+a\n+b\n"),
        ("a\n", "--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n a\n+b\n"),
        ("a\nb\n", ""),
        ("a\nb", "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n"),
    ],
)
def test_differences(before: str | None, shown: str) -> None:
    show: Callable[[str | None, str, str], str] = diff_text
    assert show(before, "a\nb\n", "x") == shown
