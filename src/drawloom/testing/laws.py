"""The names of the laws, and the error that names the broken one and where."""

from __future__ import annotations

from typing import Literal

Law = Literal["compile", "expected", "rerun", "rebuild", "split", "page"]


class BrokenLawError(AssertionError):
    """A law does not hold. The message begins with the law and names the partition, or the part of the page.

    =========  ==================================================================================================
    compile    the specs have no errors
    expected   a run over all days gives the rows that the case expects
    rerun      a second run writes nothing, also if the specs are compiled again; a forced one gives the same contents
    rebuild    all tables are built again from nothing with the same contents
    split      day by day, or split anywhere, the same contents come out; so ``backfill_sql`` agrees with ``sql``
    page       each query of the page runs, for each value of each choice, and has the columns that are drawn
    =========  ==================================================================================================

    ``law`` is one of these names.
    """

    def __init__(self, law: Law, message: str) -> None:
        super().__init__(f"{law}: {message}")
        self.law = law
