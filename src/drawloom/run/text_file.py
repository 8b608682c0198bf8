"""Writing a text so that whoever is killed leaves the old one or the new one."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from drawloom.engines.lake.staging import sync_folder


def write_text(path: Path, text: str) -> None:
    """Write a file, with its line ends as they are in the text; its permissions stay, and links stay links.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path = path.resolve()  # of a link: the file that it names
    staged = path.with_name(f".{secrets.token_hex(8)}.saving")
    try:
        with staged.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            staged.chmod(path.stat().st_mode & 0o777)
        staged.replace(path)
        sync_folder(path.parent)
    finally:
        staged.unlink(missing_ok=True)
