"""The addresses of the app: the page, projects, uploads, actions, computations, pictures and results."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from importlib.resources import files
from typing import Any, BinaryIO

from fastapi import FastAPI, HTTPException, Request, Response
from starlette.responses import JSONResponse, StreamingResponse

from segment.app import pictures
from segment.app.actions import ILL_FORMED, act
from segment.app.archive import write_archive
from segment.app.computations import COMPUTATIONS
from segment.app.findings import TABS, file_of
from segment.app.guard import Guard
from segment.app.jobs import Jobs
from segment.app.limits import Limits
from segment.app.measuring import object_at, summarise
from segment.app.method import describe_method
from segment.app.phases import point
from segment.app.project import Project
from segment.app.projects import Projects
from segment.app.sample import SAMPLE, sample_file
from segment.app.session import Field, Session
from segment.app.uploads import UNFINISHED, Inbox, take
from segment.app.user_error import UserError
from segment.app.views import view

MILLION = 1_000_000
BROWSER = files("segment.app").joinpath("browser")
KINDS = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
MOST_JSON = 4 * MILLION
# Uploads that wait to be read, of one project.
MOST_WAITING = 200
# The pictures are the user's own: no copy stays in the browser's cache on the disk.
PRIVATE = {"Cache-Control": "no-store"}


def make_app(projects: Projects, inbox: Inbox, jobs: Jobs, limits: Limits, hosts: tuple[str, ...]) -> FastAPI:
    """Return the service.

    Parameters
    ----------
    projects : Projects
    inbox : Inbox
        Where uploads wait until they are read.
    jobs : Jobs
    limits : Limits
    hosts : tuple of str
        Names under which this machine may be asked.

    Returns
    -------
    fastapi.FastAPI
    """
    app = FastAPI(openapi_url=None)
    app.add_middleware(Guard, hosts=hosts)

    def project_at(word: str) -> Project:
        project = projects.find(word)
        if project is None:
            raise HTTPException(404, "There is no such project on this machine any more.")
        return project

    def shown(word: str, message: str = "", *, is_error: bool = False, **more: Any) -> JSONResponse:
        content = {"view": view(project_at(word), word, limits), "message": message, "is_error": is_error, **more}
        return JSONResponse(content, headers=PRIVATE)

    @app.exception_handler(UserError)
    def refuse(request: Request, error: UserError) -> Response:
        # What the page shows in its place is the state, which did not change.
        word = request.path_params.get("word", "")
        if request.method == "POST" and projects.find(word) is not None:
            return shown(word, str(error), is_error=True)
        return Response(str(error), 404, PRIVATE, "text/plain")

    @app.get("/")
    @app.get("/p/{word}")
    def page(word: str = "") -> Response:
        del word
        return _browser_file("index.html")

    @app.get("/static/{name}")
    def static(name: str) -> Response:
        return _browser_file(name)

    @app.post("/projects")
    def create() -> dict[str, str]:
        return {"word": projects.create()}

    @app.get("/project/{word}")
    def look(word: str) -> Response:
        return shown(word)

    @app.post("/project/{word}/close")
    def close(word: str) -> dict[str, str]:
        jobs.forget(word)
        inbox.clear(word)
        projects.close(word)
        return {}

    @app.get("/project/{word}/job")
    def job(word: str) -> Response:
        found = jobs.of(word)
        content = {"number": project_at(word).number, "job": None if found is None else asdict(found)}
        return JSONResponse(content, headers=PRIVATE)

    @app.post("/project/{word}/files")
    async def upload(word: str, name: str, request: Request) -> Response:
        project_at(word)
        most, size = limits.file_mb, 0
        if len(inbox.collect(word)) >= MOST_WAITING:
            return Response(f"{MOST_WAITING} files wait to be read already: drop fewer at once.", 413)
        target = inbox.place(word, name)
        unfinished = target.with_name(UNFINISHED)
        try:
            with unfinished.open("wb") as stream:
                async for chunk in request.stream():
                    size += len(chunk)
                    if size > most * MILLION:
                        text = f"{target.name}: is larger than {most} MB, the most that is taken; more with"
                        return Response(f"{text} 'segment ui --file-mb'.", 413)
                    stream.write(chunk)
            unfinished.rename(target)
        except OSError as error:
            return Response(f"{target.name}: could not be stored: {error.strerror}.", 507)
        finally:
            unfinished.unlink(missing_ok=True)
            if not target.exists():
                target.parent.rmdir()
        return Response(status_code=204)

    @app.post("/project/{word}/take")
    async def take_files(word: str, request: Request) -> Response:
        values = await _values(request)
        refusals = [str(text) for text in values.get("refusals", [])]
        return await _in_thread(lambda: _take(word, refusals, bool(values.get("is_film"))))

    def _take(word: str, complaints: list[str], is_film: bool = False) -> Response:
        project = project_at(word)
        before, collected = project.session, inbox.collect(word)
        after, further = take(before, collected, limits, is_film)
        complaints = [*complaints, *further]
        if after is not before:
            # Reading takes a while: what was read is put beside what the user did meanwhile.
            project.change(_opened(before, after), lambda session: _joined(session, before, after))
        return shown(word, _said(before, after, complaints), is_error=bool(complaints))

    @app.post("/project/{word}/sample")
    def open_sample(word: str) -> Response:
        target = inbox.place(word, SAMPLE) if project_at(word) else None
        if target is not None:
            target.write_bytes(sample_file())
        return _take(word, [])

    @app.post("/project/{word}/do/{name}")
    async def do(word: str, name: str, request: Request) -> Response:
        values = await _values(request)

        def change() -> Response:
            said = []

            def changed(session: Session) -> Session:
                after, message = act(session, name, values, limits)
                said.append(message)
                return after

            project_at(word).change(_label(name, values), changed)
            return shown(word, said[-1])

        return await _in_thread(change)

    @app.post("/project/{word}/undo")
    def undo(word: str) -> Response:
        return shown(word, f"Taken back: {project_at(word).undo()}.")

    @app.post("/project/{word}/redo")
    def redo(word: str) -> Response:
        return shown(word, f"Done again: {project_at(word).redo()}.")

    @app.post("/project/{word}/run/{kind}")
    async def run(word: str, kind: str, request: Request) -> Response:
        values = await _values(request)

        def begin() -> Response:
            if kind not in COMPUTATIONS:
                raise UserError(ILL_FORMED)
            project = project_at(word)
            jobs.start(word, kind, COMPUTATIONS[kind](project, values))
            return shown(word)

        return await _in_thread(begin)

    @app.post("/project/{word}/cancel")
    def cancel(word: str) -> Response:
        project_at(word)
        jobs.cancel(word)
        return shown(word, "Cancelled.")

    @app.get("/project/{word}/point")
    def pointed(word: str, image: str, x: float, y: float) -> Response:
        session = project_at(word).session
        found = {"object": object_at(session, image, x, y)}
        if found["object"] == 0 or session.fields[session.index_of(image)].phase_map is not None:
            found |= asdict(point(session, image, x, y))
        return JSONResponse(found, headers=PRIVATE)

    @app.get("/project/{word}/findings/{tab}/{name}")
    def finding(word: str, tab: str, name: str) -> Response:
        session = project_at(word).session
        content, kind = file_of(getattr(session, tab) if tab in TABS else None, name)
        # A project may come from anybody: its pages run nothing and load nothing.
        shut = {"Content-Security-Policy": "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox"}
        return Response(content, headers={**PRIVATE, **shut}, media_type=kind)

    @app.get("/project/{word}/objects")
    def objects(word: str) -> Response:
        measured = project_at(word).session.measured
        if measured is None:
            raise UserError("No objects have been measured yet.")
        return JSONResponse(summarise(measured), headers=PRIVATE)

    @app.get("/project/{word}/method")
    def method(word: str) -> Response:
        return Response(describe_method(project_at(word).session), headers=PRIVATE, media_type="text/plain")

    @app.get("/project/{word}/pictures/{name}")
    def picture(word: str, name: str, side: int = pictures.CARD_SIDE) -> Response:
        session = project_at(word).session
        number = name.removeprefix("compared-").removesuffix(".png")
        if name.startswith("compared-") and number.isdigit():
            return _png(lambda: pictures.compared_png(session, int(number)))
        number = name.removeprefix("candidate-").removesuffix(".png")
        if name.startswith("candidate-") and number.isdigit():
            return _png(lambda: pictures.candidate_png(session, int(number), min(side, pictures.SHEET_SIDE)))
        if name == "uncertainty.png":
            return _png(lambda: pictures.uncertainty_png(session))
        plots = {"loss.svg": pictures.loss_svg, "choice.svg": pictures.choice_svg}
        if name not in plots:
            raise UserError("There is no such picture.")
        return Response(plots[name](session), headers=PRIVATE, media_type="image/svg+xml")

    @app.get("/project/{word}/pictures/{index}/histogram")
    def levels(word: str, index: int) -> Response:
        return JSONResponse(pictures.histogram(_field(project_at(word).session, index)), headers=PRIVATE)

    @app.get("/project/{word}/pictures/{index}/{name}")
    def picture_of(word: str, index: int, name: str) -> Response:
        session = project_at(word).session
        field = _field(session, index)
        drawn: dict[str, Callable[[], bytes]] = {
            "micrograph.png": lambda: pictures.micrograph_png(field),
            "thumbnail.png": lambda: pictures.thumbnail_png(session, field),
            "colours.png": lambda: pictures.colours_png(session, field),
            "previous.png": lambda: pictures.previous_png(session, field),
            "painted.png": lambda: pictures.painted_png(session, field),
        }
        part = name.removeprefix("component-").removesuffix(".png")
        if name.startswith("component-") and part.isdigit():
            return _png(lambda: pictures.component_png(session, field, int(part)))
        if name not in drawn:
            raise UserError("There is no such picture.")
        return _png(drawn[name])

    @app.get("/project/{word}/project.zip")
    def results(word: str, exports: str = "") -> Response:
        session = project_at(word).session
        stream = tempfile.TemporaryFile(prefix="segment-download-")  # noqa: SIM115, closed when it is sent
        try:
            write_archive(stream, session, [name for name in exports.split(",") if name])
        except (OSError, ValueError) as error:
            stream.close()
            logging.getLogger("segment.app").error("cannot write results", exc_info=error)
            return Response(f"The results could not be put together: {error}", 507, PRIVATE)
        size = stream.tell()
        headers = {**PRIVATE, "Content-Length": str(size)}
        headers["Content-Disposition"] = 'attachment; filename="segment-project.zip"'
        return StreamingResponse(_chunks(stream), headers=headers, media_type="application/zip")

    return app


def _browser_file(name: str) -> Response:
    suffix = name[name.rfind(".") :]
    found = BROWSER.joinpath(name)
    if suffix not in KINDS or "/" in name or "\\" in name or not found.is_file():
        raise HTTPException(404, "There is no such file.")
    return Response(found.read_bytes(), headers={"Cache-Control": "no-cache"}, media_type=KINDS[suffix])


async def _values(request: Request) -> dict[str, Any]:
    """Return the JSON object that was sent; UserError where it is none, or longer than any that the page sends."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MOST_JSON:
            raise UserError(ILL_FORMED)
    try:
        values = json.loads(content or b"{}")
    except (ValueError, RecursionError) as error:
        raise UserError(ILL_FORMED) from error
    if not isinstance(values, dict):
        raise UserError(ILL_FORMED)
    return values


async def _in_thread(call: Callable[[], Response]) -> Response:
    from starlette.concurrency import run_in_threadpool

    return await run_in_threadpool(call)


def _field(session: Session, index: int) -> Field:
    if not 0 <= index < len(session.fields):
        raise UserError("This image is no longer open.")
    return session.fields[index]


def _png(draw: Callable[[], bytes]) -> Response:
    return Response(draw(), headers=PRIVATE, media_type="image/png")


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    with stream:
        stream.seek(0)
        while chunk := stream.read(1 << 20):
            yield chunk


def _label(name: str, values: dict[str, Any]) -> str:
    words = {"set": f"setting {values.get('name', '')}".replace("_", " "), "paint": "a stroke", "rub": "the eraser"}
    return words.get(name, name.replace("_", " "))


def _opened(before: Session, after: Session) -> str:
    count = len(after.fields) - len(before.fields)
    return f"opening {count} image{'' if count == 1 else 's'}" if count > 0 else "opening a file"


def _joined(session: Session, before: Session, after: Session) -> Session:
    """Return what was read, with what the user changed meanwhile where that does not concern what was read."""
    if session is before:
        return after
    from dataclasses import replace

    is_longer = all(new is old for new, old in zip(after.fields, before.fields, strict=False))
    added = after.fields[len(before.fields) :] if is_longer else ()
    return replace(session, fields=(*session.fields, *added)) if added else after


def _is_restored(before: Session, after: Session) -> bool:
    """Whether a project was opened: images that were just read have no map, and no strokes."""
    return not before.fields and any(field.phase_map is not None or field.strokes for field in after.fields)


def _said(before: Session, after: Session, complaints: list[str]) -> str:
    count = len(after.fields) - len(before.fields)
    if complaints:
        if count > 0:
            complaints = [*complaints, f"The other {count} are open." if count > 1 else "The other one is open."]
        return "\n".join(complaints)
    is_other = bool(before.fields and after.fields) and after.fields[0].full is not before.fields[0].full
    if is_other or _is_restored(before, after):
        return "The project is open: images, strokes, names, settings and maps are back."
    if after.is_loaded and not before.is_loaded and after.settings != before.settings:
        return "Model, names and settings are back. Segment applies them."
    if after.own is not before.own and after.own is not None:
        return f"The preset {after.own.preset} is set. Segment uses it."
    if count <= 0:
        return (
            "The file is taken." if not after.is_loaded else "The model is loaded. Segment applies it to your images."
        )
    images = "1 image" if count == 1 else f"{count} images"
    return f"{images} opened. Check the band and the pixel size; then press Segment, or explore first."
