"""What a rename is about to do, on disk before it begins: whoever is killed in the middle can finish it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from drawloom.model import refuse
from drawloom.run.text_file import write_text

FILE = Path(".drawloom") / "rename.json"


@dataclass(frozen=True, slots=True)
class Journal:
    """A rename as it was decided.

    ``texts`` maps each file, by its path in the project, to the hash of its text before and the text after. ``codes``
    maps a table to its step's fingerprints before and after, where only the name differs. ``at`` is when, in nanoseconds.
    """

    old: str
    new: str
    texts: Mapping[str, tuple[str, str]]
    codes: Mapping[str, tuple[str, str]]
    at: int

    def save(self, root: Path) -> None:
        """Write it to the project's folder."""
        write_text(root / FILE, json.dumps(asdict(self), indent=1, ensure_ascii=False))

    @classmethod
    def load(cls, root: Path) -> Journal | None:
        """That of a rename that has not ended; None without one."""
        try:
            data = json.loads((root / FILE).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        pairs = {key: {name: (a, b) for name, (a, b) in data[key].items()} for key in ("texts", "codes")}
        return cls(data["old"], data["new"], pairs["texts"], pairs["codes"], data["at"])

    def write_texts(self, root: Path) -> None:
        """Write the files that do not have their new text yet.

        Raises:
            InputError: a file was edited since the rename began; none is written then.
        """
        todo = []
        for file, (before, after) in self.texts.items():
            found = (root / file).read_text(encoding="utf-8")
            if found == after:
                continue
            if text_hash(found) != before:
                message = f"{file} was edited since the rename of {self.old} to {self.new} began."
                raise refuse("edited", message, None, f"Undo that edit, then `drawloom rename {self.old} {self.new}`.")
            todo.append((file, after))
        for file, after in todo:
            write_text(root / file, after)

    def remove(self, root: Path) -> None:
        """Forget it: everything is done."""
        (root / FILE).unlink(missing_ok=True)


def refuse_unfinished(root: Path) -> None:
    """Refuse to write partitions while a rename has not ended.

    Raises:
        InputError: there is one.
    """
    if (root / FILE).exists() and (journal := Journal.load(root)):
        message = f"The rename of {journal.old} to {journal.new} was interrupted."
        raise refuse("unfinished-rename", message, None, f"Finish it: `drawloom rename {journal.old} {journal.new}`.")


def text_hash(text: str) -> str:
    """A hash of a text."""
    return sha256(text.encode()).hexdigest()
