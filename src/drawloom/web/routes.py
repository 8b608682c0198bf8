"""All routes, by whether they ask who is looking before they answer."""

from __future__ import annotations

from drawloom.web import assets, home, show, sign_in

ROUTERS = (home.router, show.router, assets.router)
PUBLIC_ROUTERS = (sign_in.router,)  # it takes the token
