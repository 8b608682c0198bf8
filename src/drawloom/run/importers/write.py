"""Writing an imported project: its texts, and the sources into its drawloom.yml; what is there already is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from drawloom.model import refuse
from drawloom.run.importers.imported import Imported
from drawloom.run.text_file import write_text
from drawloom.specs.config import FILE, load_config

_IGNORED = "lake/\n.drawloom/\n"


def write_imported(made: Imported, folder: Path, *, start: date | None = None, force: bool = False) -> list[Path]:
    """Write the files of a project; return those that were written.

    Args:
        made: what was imported.
        folder: the project's folder, which need not exist.
        start: the first day of history; yesterday otherwise.
        force: write over files that differ.

    Raises:
        InputError: a file exists and differs, or would lie outside of the folder; nothing is written then.
    """
    texts = {FILE: config_text(made, start or date.today() - timedelta(days=1)), ".gitignore": _IGNORED, **made.texts}
    if (folder / FILE).exists() and not force:
        texts = {path: text for path, text in texts.items() if path not in {FILE, ".gitignore"}}
        _require_sources(made, folder)
    _check_places(texts, folder)
    differing = [path for path, text in texts.items() if not _is_new(folder / path, text)]
    if differing and not force:
        first = ", ".join(differing[:3]) + (f" and {len(differing) - 3} more" if len(differing) > 3 else "")
        fix = "Give another folder, or --force to write over them."
        raise refuse("exists", f"{first} in {folder} exist and differ; nothing was written.", None, fix)
    for path, text in texts.items():
        write_text(folder / path, text)
    return [folder / path for path in texts]


def config_text(made: Imported, start: date) -> str:
    """The drawloom.yml of a project that was imported."""
    name = re.sub(r"\W", "_", made.name) or "imported"
    config: dict[str, Any] = {"name": name, "start": start, "defaults": {"owner": "data@example.com"}}
    config["sources"] = dict(sorted(made.sources.items()))
    return yaml.safe_dump(config, sort_keys=False, allow_unicode=True, width=110)


def _require_sources(made: Imported, folder: Path) -> None:
    """Into a project that is there, only what it knows the sources of is imported: its settings are its own."""
    known = {name.lower() for name in load_config(folder).sources}
    missing = {name: entry for name, entry in made.sources.items() if name.lower() not in known}
    if missing:
        text = yaml.safe_dump(dict(sorted(missing.items())), sort_keys=False, allow_unicode=True)
        shown = ", ".join(sorted(missing)[:3]) + (" ..." if len(missing) > 3 else "")
        fix = f"Add them under `sources` and import again:\n{text}"
        raise refuse("no-source", f"{FILE} in {folder} does not declare {shown}; nothing was written.", None, fix)


def _check_places(texts: Mapping[str, str], folder: Path) -> None:
    root = folder.resolve()
    for path in texts:
        if not (folder / path).resolve().is_relative_to(root):
            raise refuse("leads-out", f"{path} leads out of {folder}; nothing was written.", None, "Remove the link.")


def _is_new(path: Path, text: str) -> bool:
    """Whether writing the text loses nothing."""
    try:
        return not path.exists() or path.read_bytes() == text.encode()
    except OSError:
        return False
