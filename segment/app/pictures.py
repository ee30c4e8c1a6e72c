"""The pictures that the browser fetches, drawn when it does: none is kept."""

from __future__ import annotations

import io
import threading
from typing import TYPE_CHECKING, Any

import cv2
import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segment.app.corrections import colour_of_rows
from segment.app.phases import shown_map
from segment.app.session import Compared, Field, Session
from segment.app.strokes import painted_picture
from segment.app.user_error import UserError
from segment.phases import RULES
from segment.plots import plot_choice, plot_loss
from segment.plots.rgb import colour_labels, stretch
from segment.plots.sheet import thumbnail
from segment.records import EXCLUDED, PhaseMap

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from segment.explore import Exploration

CARD_SIDE, SHEET_SIDE = 320, 1024
# Matplotlib's fonts may not be used by two threads at once.
DRAWING = threading.Lock()


def micrograph_png(field: Field) -> bytes:
    """Return the image as read, pixel for pixel, at full contrast, with its band."""
    return _encoded(_displayed(field))


def thumbnail_png(session: Session, field: Field) -> bytes:
    """Return a small picture of an image, coloured by its map where it has one."""
    shown = _shrunk(_displayed(field)[: field.micrograph.image.shape[0]], CARD_SIDE, cv2.INTER_AREA)
    if field.phase_map is not None:
        mapped = shown_map(session, field)
        labels = _shrunk(mapped.labels, CARD_SIDE, cv2.INTER_NEAREST)
        below = shown if shown.ndim == 3 else np.repeat(shown[..., None], 3, axis=2)
        colours = colour_labels(labels, len(mapped.names), np.array(mapped.colours, dtype=np.uint8))
        shown = np.asarray(cv2.addWeighted(below, 0.45, colours, 0.55, 0), dtype=np.uint8)
    return _encoded(shown)


def colours_png(session: Session, field: Field) -> bytes:
    """Return the coloured phases, pixel for pixel, without the band's rows; excluded pixels are transparent."""
    return _palette_png(shown_map(session, field))


def previous_png(session: Session, field: Field) -> bytes:
    """Return the map that the image had before the present one."""
    if field.previous is None:
        raise UserError(f"{field.file_name} has no map before this one.")
    count = int(field.previous.max(initial=0, where=field.previous != EXCLUDED)) + 1
    return _palette(field.previous, np.array(session.phase_colours(count), dtype=np.uint8))


def painted_png(session: Session, field: Field) -> bytes:
    """Return the pixels that a dropped file of strokes labels, coloured; the others are transparent."""
    if field.painted is None:
        raise UserError(f"No file of strokes was dropped for {field.file_name}.")
    return _palette(painted_picture(field), np.array(session.phase_colours(session.n_phases), dtype=np.uint8))


def component_png(session: Session, field: Field, phase: int) -> bytes:
    """Return the abundance of a phase of the shown map, pixel for pixel: black for none, white for all."""
    mapped = shown_map(session, field)
    if not 0 <= phase < len(mapped.names):
        raise UserError(f"There is no phase {phase}.")
    return _encoded(np.asarray(np.rint(255 * mapped.abundances[phase]), dtype=np.uint8))


def histogram(field: Field) -> dict[str, Any]:
    """Return the grey histogram of an image without its band, over the levels that are displayed."""
    image = field.micrograph.image
    valid = field.micrograph.valid
    values = image.ravel() if valid is None else image[valid]
    low, high = float(values.min()), float(values.max())
    counts = np.histogram(values, bins=256, range=(low, high if high > low else low + 1))[0]
    shown = np.quantile(image[:: max(1, image.shape[0] // 256), :: max(1, image.shape[1] // 256)], (0.005, 0.995))
    return {"counts": counts.tolist(), "low": low, "high": high, "black": float(shown[0]), "white": float(shown[1])}


def loss_svg(session: Session) -> bytes:
    """Return the objective against iterations."""
    history = session.model.loss_history.tolist()
    with DRAWING:
        return _svg(plot_loss({"objective": history}))


def choice_svg(session: Session) -> bytes:
    """Return the curve of each rule over the number of phases."""
    found = _compared(session).rules
    titles = {name: rule.title for name, rule in RULES.items()}
    with DRAWING:
        return _svg(plot_choice(found.n_phases, found.curves, suggestions=found.suggestions, labels=titles))


def compared_png(session: Session, n_phases: int) -> bytes:
    """Return the middle of an image, mapped with a number of phases."""
    found = _compared(session)
    if not 2 <= n_phases < 2 + len(found.maps):
        raise UserError(f"No map of {n_phases} phases was made.")
    return _encoded(thumbnail(stretch(found.image), found.maps[n_phases - 2]))


def candidate_png(session: Session, number: int, side: int = CARD_SIDE) -> bytes:
    """Return a candidate of the contact sheet, coloured over its image."""
    sheet = _sheet(session)
    if not 1 <= number <= len(sheet.candidates):
        raise UserError(f"There is no candidate {number}.")
    grey = _shrunk(stretch(sheet.micrograph.image), side, cv2.INTER_AREA)
    return _encoded(thumbnail(grey, sheet.candidates[number - 1].labels))


def uncertainty_png(session: Session) -> bytes:
    """Return where the candidates disagree: black nowhere, white everywhere."""
    uncertain = _shrunk(_sheet(session).uncertainty, SHEET_SIDE, cv2.INTER_AREA)
    return _encoded(np.asarray(255 * uncertain, dtype=np.uint8))


def _compared(session: Session) -> Compared:
    if session.comparison is None:
        raise UserError("No numbers of phases have been compared yet.")
    return session.comparison


def _sheet(session: Session) -> Exploration:
    if session.sheet is None:
        raise UserError("Nothing has been explored yet.")
    return session.sheet.exploration


def _displayed(field: Field) -> NDArray[np.uint8]:
    top = field.micrograph.image.shape[0]
    # As read, also where regions are excluded.
    colour = colour_of_rows(field.detected.colour, field.full[:top])
    shown = stretch(field.full[:top] if colour is None else colour)
    if top < field.full.shape[0]:
        # The band's black and white would take the contrast from the image.
        band = stretch(field.full[top:])
        shown = np.concatenate([shown, band if shown.ndim == 2 else np.repeat(band[..., None], 3, axis=2)])
    return shown


def _palette_png(mapped: PhaseMap) -> bytes:
    return _palette(mapped.labels, np.array(mapped.colours, dtype=np.uint8))


def _palette(labels: NDArray[np.uint8], colours: NDArray[np.uint8]) -> bytes:
    picture = Image.fromarray(np.ascontiguousarray(labels)).convert("L")
    picture.putpalette(np.concatenate([colours, np.zeros((256 - len(colours), 3), np.uint8)]).tobytes())
    transparency = bytes(255 if phase < len(colours) else 0 for phase in range(256))
    stream = io.BytesIO()
    picture.save(stream, "png", transparency=transparency, compress_level=1)
    return stream.getvalue()


def _svg(figure: Figure) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, format="svg")
    return stream.getvalue()


def _shrunk(image: NDArray, side: int, interpolation: int) -> NDArray:
    height, width = image.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return image
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=interpolation))


def _encoded(pixels: NDArray[np.uint8]) -> bytes:
    return bytes(imagecodecs.png_encode(np.ascontiguousarray(pixels), level=1))
