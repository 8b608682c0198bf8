"""The size of what may be sent."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 8_000_000  # of a form or of uploaded files


class BodyLimit:
    """Refuses what is too large while it is read, so that nobody fills the memory."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        read = 0

        async def receive_within_limit() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > MOST_BYTES:
                raise HTTPException(413, f"What was sent has more than {MOST_BYTES:,} bytes.")
            return message

        await self.app(scope, receive_within_limit if scope["type"] == "http" else receive, send)
