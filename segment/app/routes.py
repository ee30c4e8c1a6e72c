"""The addresses besides the page itself: uploads in, pictures and results out."""

from __future__ import annotations

import logging
from collections.abc import Callable

from fastapi import APIRouter, HTTPException, Request, Response

from segment.app.actions import Actions
from segment.app.archive import zip_results
from segment.app.pictures import (
    candidate_png,
    choice_svg,
    colours_png,
    component_png,
    fingerprints_svg,
    loss_svg,
    micrograph_png,
    uncertainty_png,
)
from segment.app.session import Field, Session, UserError
from segment.app.uploads import UNFINISHED

MILLION = 1_000_000


def make_routes(actions: Actions) -> APIRouter:
    """Return the routes under ``/session/SECRET/``; another secret finds nothing.

    Parameters
    ----------
    actions : Actions
    """
    router = APIRouter(prefix="/session/{token}")

    def session_at(token: str) -> Session:
        session = actions.desk.at(token)
        if session is None:
            raise HTTPException(404, "This page is no longer open: load it again.")
        return session

    @router.post("/files")
    async def upload(token: str, name: str, request: Request) -> Response:
        session_at(token)
        most, size = actions.limits.file_mb, 0
        target = actions.inbox.place(token, name)
        unfinished = target.with_name(UNFINISHED)
        try:
            with unfinished.open("wb") as stream:
                async for chunk in request.stream():
                    size += len(chunk)
                    if size > most * MILLION:
                        return Response(f"{target.name}: is larger than {most} MB, the most that is taken.", 413)
                    stream.write(chunk)
            unfinished.rename(target)
        except OSError as error:
            return Response(f"{target.name}: could not be stored: {error.strerror}.", 507)
        finally:
            unfinished.unlink(missing_ok=True)
            if not target.exists():
                target.parent.rmdir()
        return Response(status_code=204)

    @router.get("/micrograph/{index}.png")
    def micrograph(token: str, index: int) -> Response:
        return _drawn("image/png", lambda: micrograph_png(_field(session_at(token), index)))

    @router.get("/colours/{index}.png")
    def colours(token: str, index: int) -> Response:
        return _drawn("image/png", lambda: colours_png(_field(session_at(token), index)))

    @router.get("/component/{index}/{phase}.png")
    def component(token: str, index: int, phase: int) -> Response:
        return _drawn("image/png", lambda: component_png(_field(session_at(token), index), phase))

    @router.get("/fingerprints.svg")
    def fingerprints(token: str) -> Response:
        return _drawn("image/svg+xml", lambda: fingerprints_svg(session_at(token)))

    @router.get("/loss.svg")
    def loss(token: str) -> Response:
        return _drawn("image/svg+xml", lambda: loss_svg(session_at(token)))

    @router.get("/choice.svg")
    def choice(token: str) -> Response:
        return _drawn("image/svg+xml", lambda: choice_svg(session_at(token)))

    @router.get("/candidate/{number}.png")
    def candidate(token: str, number: int) -> Response:
        return _drawn("image/png", lambda: candidate_png(session_at(token), number))

    @router.get("/uncertainty.png")
    def uncertainty(token: str) -> Response:
        return _drawn("image/png", lambda: uncertainty_png(session_at(token)))

    @router.get("/results.zip")
    def results(token: str) -> Response:
        return _drawn("application/zip", lambda: zip_results(session_at(token)))

    return router


def _field(session: Session, index: int) -> Field:
    if not 0 <= index < len(session.fields):
        raise UserError("This image is no longer open.")
    return session.fields[index]


def _drawn(kind: str, draw: Callable[[], bytes]) -> Response:
    # The pictures are the user's own: no copy stays in the browser's cache on the disk.
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    try:
        return Response(draw(), media_type=kind, headers=headers)
    except UserError as error:
        return Response(str(error), 404, headers)
    except OSError as error:
        logging.getLogger("segment.app").error("cannot write results", exc_info=error)
        return Response(f"The results could not be put together: {error}", 507, headers)
