"""The folder of an export: what an earlier export wrote, and only that, is replaced or removed."""

from __future__ import annotations

import json
from pathlib import Path

from drawloom.model import Fix, Problem, RunError, refuse

MARK = ".drawloom-pages"  # in a folder of ours: the files that the last export wrote


class ExportFolder:
    """Writes the files of one export.

    Raises:
        InputError: the folder has other files.
    """

    def __init__(self, folder: Path) -> None:
        mark = folder / MARK
        if folder.exists() and any(folder.iterdir()) and not mark.is_file():
            message = f"folder == {str(folder)!r}, must be new, empty, or one that was exported before."
            raise refuse("not-empty", message, None, "Name another folder.")
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._root = folder.resolve()
        self._before = _read(mark)
        self._written: set[str] = set()
        self._note(self._before)

    def write(self, name: str, content: bytes) -> None:
        """Write one file.

        Raises:
            RunError: a link leads out of the folder.
        """
        path = self._folder / name
        if not self._is_inside(path):
            message = f"{path} == a link, must lie in {self._folder}."
            raise RunError(Problem("bad-link", "error", message, fix=Fix("Remove it, or name another folder.")))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        self._written.add(name)

    def finish(self) -> None:
        """Remove what an earlier export wrote and this one did not."""
        for name in sorted(self._before - self._written):
            path = self._folder / name
            if not self._is_inside(path) or not path.is_file():
                continue
            path.unlink()
            for parent in path.parents:
                if parent == self._folder or any(parent.iterdir()):
                    break
                parent.rmdir()
        self._note(self._written)

    def _is_inside(self, path: Path) -> bool:
        """Whether a file lies where its name says: nobody has put a link in its way."""
        relative = path.relative_to(self._folder)
        return ".." not in relative.parts and path.resolve() == self._root / relative

    def _note(self, names: set[str]) -> None:
        (self._folder / MARK).unlink(missing_ok=True)
        (self._folder / MARK).write_text(json.dumps(sorted(names)), encoding="utf-8")


def _read(mark: Path) -> set[str]:
    """The files that an earlier export wrote; none where that is not known, as of older versions."""
    try:
        found = json.loads(mark.read_bytes())
    except (OSError, ValueError):
        return set()
    if not isinstance(found, list):
        return set()
    return {name for name in found if isinstance(name, str) and not Path(name).is_absolute()}
