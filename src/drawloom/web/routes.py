"""All routes, by whether they ask who is looking before they answer."""

from __future__ import annotations

from drawloom.web import api, assets, home, show, sign_in, tables

ROUTERS = (home.router, show.router, tables.router, api.router, assets.router)
PUBLIC_ROUTERS = (sign_in.router,)  # it takes the token
