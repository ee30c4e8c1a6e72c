"""The page: where things stand, and which action each of them calls."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from importlib.resources import files
from typing import Any

import gradio as gr

from segment.app import views
from segment.app.actions import WELCOME, Actions
from segment.app.orders import Orders
from segment.app.session import Session, UserError
from segment.app.worker import WorkerError
from segment.features import FEATURES
from segment.model import Parameters, presets, resolve

BROWSER = files("segment.app").joinpath("browser")
WAITING = "Waiting for the computation before this one to end …"
CANCELLED = "Cancelled."
BROKEN = "Something went wrong inside the program; the terminal says what. Your images are still open."


def browser_file(name: str) -> str:
    """Return the text of a file that the browser runs or shows."""
    return BROWSER.joinpath(name).read_text(encoding="utf-8")


class Page:
    """The page of one server.

    Parameters
    ----------
    actions : Actions

    Attributes
    ----------
    blocks : gradio.Blocks
    """

    def __init__(self, actions: Actions) -> None:
        self.actions = actions
        self.orders = Orders()
        with gr.Blocks(title="Segment micrographs", analytics_enabled=False) as self.blocks:
            with gr.Row():
                with gr.Column(scale=0, min_width=320, elem_id="controls"):
                    self._draw_controls()
                with gr.Column(scale=3, min_width=460):
                    self._draw_results()
                with gr.Column(scale=0, min_width=310):
                    self._draw_phases()
            self.order = gr.State()
            self._wire()

    def _draw_controls(self) -> None:
        first, most = presets()["default"], self.actions.limits.n_phases
        gr.Markdown("# Segment micrographs", elem_id="title")
        self.drop = _part("drop", {})
        with gr.Row():
            self.image = gr.Dropdown([], label="Image", scale=3, min_width=120, elem_id="image")
            self.remove = gr.Button("Remove", size="sm", scale=1, min_width=70, elem_id="remove")
        self.reading = gr.HTML(elem_id="reading")
        with gr.Accordion("Correct band and pixel size", open=False, elem_id="correction"):
            self.band = gr.Number(label="Band begins at row (empty: no band)", elem_id="band")
            self.pixel_size = gr.Number(label="Pixel size in µm (empty: unknown)", elem_id="pixel-size")
            self.everywhere = gr.Checkbox(label="For all images", elem_id="everywhere")
            self.correct = gr.Button("Correct", size="sm", elem_id="correct")
        self.k = gr.Slider(2, most, first["n_phases"], step=1, label="Number of phases", elem_id="k")
        with gr.Row():
            self.preset = gr.Dropdown(sorted(presets()), value="default", label="Preset", min_width=120)
            self.features = gr.Dropdown(sorted(FEATURES), value=first["features"], label="Features", min_width=120)
        with gr.Accordion("More settings", open=False):
            self.known = gr.Textbox(
                label="Known fractions in %, dark to bright",
                placeholder="70, 30 or auto; empty: unknown",
                elem_id="known",
            )
            self.alpha = gr.Number(first["alpha"], label="Sparsity (alpha)", minimum=0, step=0.01, elem_id="alpha")
            self.smoothness = gr.Number(
                first["smoothness"], label="Smoothness (neighbours agree)", minimum=0, elem_id="smoothness"
            )
            self.min_region = gr.Number(
                first["min_region"], label="Smallest region in pixels", minimum=0, precision=0, elem_id="min-region"
            )
            self.clahe = gr.Checkbox(first["clahe"], label="Equalise contrast locally first")
            self.seed = gr.Number(0, label="Seed", precision=0, minimum=0)
        with gr.Row():
            self.run = gr.Button("Segment", variant="primary", min_width=120, elem_id="run")
            self.cancel = gr.Button("Cancel", variant="stop", min_width=120, interactive=False, elem_id="cancel")
        self.model_line = gr.HTML(views.model_line(Session()), elem_id="model-line")
        self.forget = gr.Button("Learn from the images instead", size="sm", visible=False, elem_id="forget")

    def _draw_results(self) -> None:
        self.status = gr.HTML(views.status(WELCOME), elem_id="status")
        with gr.Tabs():
            with gr.Tab("Map"):
                self.viewer = _part("viewer", {"micrograph": ""})
            with gr.Tab("Explore"):
                self.explore = gr.Button("Explore the shown image", size="sm", elem_id="explore")
                self.sheet = _part("sheet", views.sheet(Session(), ""))
            with gr.Tab("Components"):
                self.components = gr.HTML(views.components(Session(), ""), elem_id="components")
            with gr.Tab("Fingerprints"):
                self.fingerprints = gr.HTML(views.fingerprints(Session(), ""), elem_id="fingerprints")
            with gr.Tab("How many phases?"):
                self.choice = gr.HTML(views.choice(Session(), ""), elem_id="choice")
                with gr.Row():
                    most = self.actions.limits.n_phases
                    self.most = gr.Slider(3, most, 8, step=1, label="Largest number to compare", elem_id="most")
                    self.compare = gr.Button("Compare", elem_id="compare")

    def _draw_phases(self) -> None:
        gr.Markdown("**Phases**")
        self.phases = _part("phases", {"rows": []})
        self.download = gr.HTML(elem_id="download")

    def _wire(self) -> None:
        everything = [
            self.status, self.viewer, self.phases, self.components, self.fingerprints, self.choice, self.download,
            self.sheet, self.explore,
            self.image, self.reading, self.band, self.pixel_size, self.model_line, self.forget, self.run, self.compare,
            self.cancel,
        ]  # fmt: skip
        settings = [
            self.k, self.preset, self.features, self.alpha, self.clahe, self.smoothness, self.min_region, self.seed,
        ]  # fmt: skip
        hidden: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        quick: dict[str, Any] = {**hidden, "queue": False}
        actions = self.actions
        self.blocks.load(self._open, None, self.drop, **quick)
        self.blocks.unload(self._leave)
        restored = [*everything, *settings, self.known]
        self.drop.submit(self._on_settings(actions.take), None, restored, **quick)
        self.sheet.select(self._on_settings(actions.choose), None, restored, **quick)
        self.viewer.select(self._on_event(actions.point), None, everything, **quick)
        self.viewer.submit(self._on_event(actions.stroke), None, everything, **quick)
        self.k.change(self._offer, self.k, self.viewer, **quick)
        self.phases.submit(self._on_event(actions.edit), None, everything, **quick)
        self.image.input(self._on(actions.show), self.image, everything, **quick)
        self.remove.click(self._on(actions.remove), None, everything, **quick)
        corrections = [self.band, self.pixel_size, self.everywhere]
        self.correct.click(self._on(actions.correct), corrections, everything, **quick)
        self.forget.click(self._on(actions.forget), None, everything, **quick)
        self.preset.input(self._preset, self.preset, restored, **quick)
        buttons = [self.status, self.run, self.compare, self.explore, self.cancel]
        # One at a time, as the worker would have it: those who wait do so in the queue, not in a thread. "multiple":
        # a new order is taken while a cancelled one is still on its way out.
        engine = {"concurrency_limit": 1, "concurrency_id": "engine", "trigger_mode": "multiple", **hidden}
        for button, action, first in (
            (self.run, actions.segment, self.known),
            (self.compare, actions.compare, self.most),
            (self.explore, actions.explore, self.k),
        ):
            ordered = button.click(self._wait, None, [self.order, *buttons], **quick)
            ordered.then(self._run(action), [self.order, first, *settings], everything, **engine)
        self.cancel.click(self._cancel, None, buttons, **quick)

    def _on(self, action: Callable[..., tuple[Session, str]]) -> Callable[..., dict[Any, Any]]:
        def handle(request: gr.Request, *values: Any) -> dict[Any, Any]:
            return self._answer(action, request, *values)

        return handle

    def _on_event(self, action: Callable[..., tuple[Session, str]]) -> Callable[..., dict[Any, Any]]:
        def handle(request: gr.Request, event: gr.EventData) -> dict[Any, Any]:
            return self._answer(action, request, event._data)

        return handle

    def _on_settings(self, action: Callable[..., tuple[Session, str]]) -> Callable[..., dict[Any, Any]]:
        def handle(request: gr.Request, event: gr.EventData) -> dict[Any, Any]:
            before = self.actions.desk.get(_tab(request)).restored
            shown = self._answer(action, request, event._data)
            session = self.actions.desk.get(_tab(request))
            if session.restored is None or session.restored is before:
                return shown
            return {**shown, **self._settings(session.restored.parameters, session, session.restored.known)}

        return handle

    def _preset(self, request: gr.Request, name: str) -> dict[Any, Any]:
        session = self.actions.desk.get(_tab(request))
        own = session.own
        values = own if own is not None and own.preset == name else resolve(name)
        return {**self._settings(values, session), self.seed: gr.update()}

    def _settings(self, values: Parameters, session: Session, known: str | None = None) -> dict[Any, Any]:
        """Set the controls; the number of phases may be larger than they go."""
        own = [] if session.own is None else [session.own.preset]
        return {
            self.k: min(values.n_phases, self.actions.limits.n_phases),
            self.preset: gr.update(choices=[*sorted(presets()), *own], value=values.preset),
            self.features: values.features,
            self.alpha: values.alpha,
            self.clahe: values.clahe,
            self.smoothness: values.smoothness,
            self.min_region: values.min_region,
            self.seed: values.random_state,
            self.known: gr.update() if known is None else known,
        }

    def _answer(self, action: Callable[..., tuple[Session, str]], request: gr.Request, *values: Any) -> dict[Any, Any]:
        """Run an action; its session is shown, its errors become messages."""
        try:
            session, message = action(_tab(request), *values)
        except Exception as error:
            return {self.status: _message(error)}
        return {**self._view(_tab(request), session), self.status: message}

    def _view(self, tab: str, session: Session) -> dict[Any, Any]:
        token, field = self.actions.desk.token(tab), session.field
        return {
            self.viewer: views.viewer(session, token),
            self.phases: views.phases(session),
            self.components: views.components(session, token),
            self.fingerprints: views.fingerprints(session, token),
            self.choice: views.choice(session, token),
            self.sheet: views.sheet(session, token),
            self.download: views.download(session, token),
            self.image: gr.update(
                choices=[other.file_name for other in session.fields], value=None if field is None else field.file_name
            ),
            self.reading: views.reading(field),
            self.band: None if field is None else field.micrograph.band.top,
            self.pixel_size: None if field is None else field.micrograph.calibration.pixel_size_um,
            self.model_line: views.model_line(session),
            self.forget: gr.update(visible=session.is_loaded),
        }

    def _wait(self, request: gr.Request) -> dict[Any, Any]:
        text = WAITING if self.actions.worker.is_busy else "Starting …"
        order = self.orders.place(_tab(request))
        return {self.order: order, self.status: views.working(text), **self._buttons(is_running=True)}

    def _run(self, action: Callable[..., Generator[Any]]) -> Callable[..., Iterator[dict[Any, Any]]]:
        def handle(request: gr.Request, order: int | None, *settings: Any) -> Iterator[dict[Any, Any]]:
            tab = _tab(request)
            try:
                with closing(self.orders.follow(tab, order, action(tab, *settings))) as items:
                    for item in items:
                        if isinstance(item, str):
                            yield {self.status: item}
                        else:
                            yield {**self._view(tab, item[0]), self.status: item[1], **self._buttons(is_running=False)}
            except Exception as error:
                if self.orders.stands(tab, order):
                    yield {self.status: _message(error), **self._buttons(is_running=False)}
            # Gradio shows what came last once more at the end, which of a cancelled order would be its progress.
            if not self.orders.stands(tab, order):
                yield {self.status: gr.update() if self.orders.is_waiting(tab) else views.status(CANCELLED)}

        return handle

    def _offer(self, request: gr.Request, n_phases: float | None) -> dict[str, Any]:
        session, _ = self.actions.offer(_tab(request), n_phases)
        return views.viewer(session, self.actions.desk.token(_tab(request)))

    def _cancel(self, request: gr.Request) -> dict[Any, Any]:
        tab = _tab(request)
        self.orders.cancel(tab)
        self.actions.worker.cancel(tab)
        return {self.status: views.status(CANCELLED), **self._buttons(is_running=False)}

    def _buttons(self, *, is_running: bool) -> dict[Any, Any]:
        start, stop = gr.update(interactive=not is_running), gr.update(interactive=is_running)
        return {self.run: start, self.compare: start, self.explore: start, self.cancel: stop}

    def _open(self, request: gr.Request) -> dict[str, Any]:
        token = self.actions.desk.token(_tab(request))
        return {"token": token, "file_mb": self.actions.limits.file_mb}

    def _leave(self, request: gr.Request) -> None:
        tab = _tab(request)
        self.orders.cancel(tab)
        self.actions.worker.cancel(tab)
        self.actions.inbox.clear(self.actions.desk.token(tab))
        self.actions.desk.close(tab)


def _part(name: str, value: dict[str, Any]) -> gr.HTML:
    """Return a component whose face and behaviour are files in ``browser/``."""
    return gr.HTML(
        value,
        html_template=browser_file(f"{name}.html"),
        js_on_load=browser_file(f"{name}.js"),
        apply_default_css=False,
        elem_id=name,
    )


def _tab(request: gr.Request) -> str:
    if not request.session_hash:
        raise UserError("The page lost its session: load it again.")
    return request.session_hash


def _message(error: Exception) -> str:
    if isinstance(error, (UserError, WorkerError)):
        return views.status(str(error), is_error=True)
    logging.getLogger("segment.app").error("the app met an error it does not know", exc_info=error)
    return views.status(BROKEN, is_error=True)
