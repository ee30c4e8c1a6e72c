"""Who may ask for what: nobody but the page that this program serves."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; "
    "frame-ancestors 'none'; form-action 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
READING = ("GET", "HEAD")


class Guard:
    """Refuse requests that a page of another origin sends, and say in each answer what the page may load.

    Parameters
    ----------
    app : ASGI application
    hosts : tuple of str
        Names under which this machine is asked: a foreign page whose name was made to point here is not let in.

    Notes
    -----
    Browsers send `Origin` with every request that changes something, and `Sec-Fetch-Site` with every request at all.
    Programs that are no browsers send neither, and know no project's word.
    """

    def __init__(self, app: ASGIApp, hosts: tuple[str, ...]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        await self._app(scope, receive, answer)

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        sent = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        host = sent.get("host", "")
        if urlsplit(f"//{host}").hostname not in self._hosts:
            return PlainTextResponse("This program answers to its own machine only.", 400)
        is_top = scope["path"] == "/" or scope["path"].startswith("/p/")
        if scope["method"] in READING and is_top:
            return None
        origin, site = sent.get("origin"), sent.get("sec-fetch-site")
        if (origin is not None and origin != f"{scope['scheme']}://{host}") or site not in (
            None,
            "same-origin",
            "none",
        ):
            return PlainTextResponse("This request comes from a page of another origin, and is refused.", 403)
        return None
