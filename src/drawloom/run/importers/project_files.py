"""The files of a project of another tool: found without leaving its folder, read as text, and never trusted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from drawloom.model import InputError, refuse
from drawloom.run.importers.imported import ImportedFile
from drawloom.specs.document import Document, parse_yaml, read_text

MOST_FILES = 50_000
_OTHERS = frozenset({"target", "dbt_packages", "dbt_modules", "node_modules", "venv", "__pycache__", "logs"})


class ProjectFiles:
    """The files below a folder, by their path from it; links that lead out of it and hidden folders are not followed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        if not root.is_dir():
            raise refuse("no-folder", f"{root} was not found, must be a folder.", None, "Give the project's folder.")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """All of them, sorted.

        Raises:
            InputError: there are too many.
        """
        found = list(self._walk())
        if len(found) > MOST_FILES:
            message = f"{self.root} has more than {MOST_FILES} files, must have fewer."
            raise refuse("too-many-files", message, None, "Give the folder of one project.")
        return tuple(sorted(found))

    def under(self, folder: str, *suffixes: str) -> list[str]:
        """Those in a folder, and in the folders in it, with one of these suffixes."""
        inside = "" if folder in {"", "."} else folder.strip("/") + "/"
        return [name for name in self.names if name.startswith(inside) and name.endswith(suffixes)]

    def text(self, name: str) -> str:
        """The text of a file.

        Raises:
            InputError: it leads out of the folder, is too large, or is not text.
        """
        path = self.root / name
        try:
            inside = path.resolve().is_relative_to(self.root.resolve())
        except (OSError, RuntimeError):  # a circle of links
            inside = False
        if not inside:
            raise refuse("leads-out", f"{name} leads out of the folder, must be in it.", None, "Copy what it leads to.")
        text = read_text(path, name)
        if "\0" in text:
            raise refuse("not-text", f"{name} is not text: it has zero bytes.")
        return text

    def read(self, entry: ImportedFile) -> str | None:
        """The text of a file; where it cannot be read, its entry says why."""
        try:
            return self.text(entry.file)
        except InputError as error:
            entry.refuse_error(error)
            return None

    def yaml(self, entry: ImportedFile) -> list[Document]:
        """The mappings of a YAML file; where it cannot be read, its entry says why."""
        text = self.read(entry)
        try:
            return parse_yaml(text, entry.file) if text is not None else []
        except InputError as error:
            entry.refuse_error(error)
            return []

    def _walk(self) -> Iterator[str]:
        count = 0
        for folder, folders, files in os.walk(self.root):
            folders[:] = [name for name in folders if not name.startswith(".") and name not in _OTHERS]
            for name in files:
                count += 1
                if count > MOST_FILES + 1:
                    return
                yield (Path(folder) / name).relative_to(self.root).as_posix()
