"""Whether rows of tables may be read on pages, as drawloom.yml says."""

from __future__ import annotations

from drawloom.model import refuse
from drawloom.web.site import Site


def may_read_rows(site: Site) -> bool:
    """Whether the project allows it."""
    return site.project.config.ui.allow_preview


def require_preview(site: Site) -> None:
    """Refuse to read rows where the project does not allow it."""
    if not may_read_rows(site):
        message = "ui.allow_preview == false, must be true for reading rows here."
        raise refuse("no-preview", message, None, "Set it in drawloom.yml, or use `drawloom query`.")
