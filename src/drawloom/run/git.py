"""Git, for specs that people save: what changed since the last commit, and commits that touch neither files nor index."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import unified_diff
from io import StringIO
from pathlib import Path

from drawloom.model import Fix, Problem, RunError

SECONDS = 30
PREFIX = "drawloom/"
_NOBODY = "drawloom"


@dataclass(frozen=True, slots=True)
class Git:
    """The repository that a folder lies in. ``prefix`` is the folder's path in it, empty or ending with a slash."""

    folder: Path
    prefix: str

    @property
    def branch(self) -> str:
        """The branch that is checked out; empty where there is none."""
        return self._try("symbolic-ref", "--short", "-q", "HEAD").strip()

    def committed(self, file: str, at: str = "HEAD") -> str | None:
        """The text of a file as it was committed; None where it was not."""
        try:
            return self._run("cat-file", "blob", f"{at}:{self.prefix}{file}")
        except RunError:
            return None

    def commit(self, file: str, text: str, branch: str, user: str, message: str) -> str:
        """Commit one file on a branch, which is made where it does not exist; the short id of the commit.

        The working tree, its index and the branch that is checked out stay as they are.

        Raises:
            RunError: the branch is checked out, or git refuses.
        """
        ref = self._ref(branch)
        if ref.removeprefix("refs/heads/") in self._checked_out():
            why = f"branch == {branch}, must not be checked out: its files would seem to be changed."
            raise RunError(Problem("git", "error", why, fix=Fix("Commit the file there yourself.")))
        tip = self._try("rev-parse", "--verify", "-q", ref).strip()
        parent = tip or self._try("rev-parse", "--verify", "-q", "HEAD").strip()
        with tempfile.TemporaryDirectory(prefix="drawloom-git-") as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            self._run("read-tree", parent or "--empty", env=index)
            blob = self._run("hash-object", "-w", "--stdin", stdin=text).strip()
            entry = f"100644,{blob},{self.prefix}{file}"
            self._run("update-index", "--add", "--cacheinfo", entry, env=index)
            tree = self._run("write-tree", env=index).strip()
        parents = ["-p", parent] if parent else []
        made = self._run("commit-tree", tree, *parents, stdin=message, env=_person(user)).strip()
        self._run("update-ref", "-m", "drawloom: saved in the UI", ref, made, tip or "0" * len(made))
        return made[:12]

    def _ref(self, branch: str) -> str:
        """The full name of a branch; one that git does not allow, such as x.lock, gets an end that it allows."""
        for name in (branch, f"{branch}-spec"):
            if self._try("check-ref-format", "--normalize", f"refs/heads/{name}"):
                return f"refs/heads/{name}"
        raise RunError(Problem("git", "error", f"branch == {branch!r}, must be a name that git allows."))

    def _checked_out(self) -> set[str]:
        lines = self._run("worktree", "list", "--porcelain").splitlines()
        return {line.removeprefix("branch refs/heads/") for line in lines if line.startswith("branch ")}

    def _try(self, *arguments: str) -> str:
        try:
            return self._run(*arguments)
        except RunError:
            return ""

    def _run(self, *arguments: str, stdin: str = "", env: Mapping[str, str] | None = None) -> str:
        return _run(self.folder, arguments, stdin, env or {})


def find_git(folder: Path) -> Git | str:
    """The repository of a folder, or why there is none, as a sentence."""
    try:
        prefix = _run(folder, ("rev-parse", "--show-prefix"), "", {}).strip()
    except FileNotFoundError:
        return "git is not installed on this machine."
    except RunError:
        return "The project is not in a git repository."
    return Git(folder, prefix)


def branch_of(table: str) -> str:
    """The branch on which the spec of a table is committed."""
    return PREFIX + table


def diff_text(before: str | None, after: str, file: str) -> str:
    """The difference of two texts of a file, as git shows it; empty where there is none."""
    old, new = (list(StringIO(text)) for text in (before or "", after))
    names = "/dev/null" if before is None else f"a/{file}", f"b/{file}"
    lines = unified_diff(old, new, *names)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _run(folder: Path, arguments: tuple[str, ...], stdin: str, env: Mapping[str, str]) -> str:
    known = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    try:
        done = subprocess.run(  # no shell, and what people give is never an option
            ["git", "-c", "core.quotePath=false", *arguments],
            cwd=folder,
            env={**known, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", **env},
            input=stdin.encode(),
            capture_output=True,
            check=True,
            timeout=SECONDS,
        )
    except subprocess.CalledProcessError as error:
        why = error.stderr.decode(errors="replace").strip().splitlines() or ["it failed"]
        raise RunError(Problem("git", "error", f"git {arguments[0]}: {why[-1]}")) from error
    except subprocess.TimeoutExpired as error:
        raise RunError(Problem("git", "error", f"git {arguments[0]} took more than {SECONDS} seconds.")) from error
    return done.stdout.decode(errors="replace")


def _person(user: str) -> dict[str, str]:
    """Who commits, as git wants it: a name, and an address, which is the name where that is one."""
    name = re.sub(r"[<>\x00-\x1f]", "", user).strip(" .,:;\"'\\") or _NOBODY
    is_address = re.fullmatch(r"[^@\s]+@[^@\s]+", name)
    email = name if is_address else re.sub(r"[^\w.-]+", ".", name) + "@localhost"
    return {
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", name), ("EMAIL", email))
    }
