"""All routes, by whether they ask who is looking before they answer."""

from __future__ import annotations

from drawloom.web import (
    anomalies,
    api,
    assets,
    autodag,
    backfill,
    docs,
    features,
    home,
    imports,
    macros,
    partitions,
    problems,
    runs,
    show,
    sign_in,
    specs,
    tables,
)

ROUTERS = (
    home.router,
    problems.router,
    show.router,
    tables.router,
    features.router,
    anomalies.router,
    docs.router,
    macros.router,
    partitions.router,
    backfill.router,
    runs.router,
    specs.router,
    autodag.router,
    imports.router,
    api.router,
    assets.router,
)
PUBLIC_ROUTERS = (sign_in.router,)  # it takes the token
