"""The pictures that the browser fetches, drawn when it does: none is kept."""

from __future__ import annotations

import io
import threading
from typing import TYPE_CHECKING

import cv2
import imagecodecs
import numpy as np
from numpy.typing import NDArray

from segment.app.session import Field, Session, UserError
from segment.phases import RULES
from segment.plots import colour_labels, plot_choice, plot_fingerprints, plot_loss
from segment.plots.rgb import stretch
from segment.plots.sheet import thumbnail

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from segment.explore import Exploration

# More than a screen shows; numbers and downloads keep every pixel.
LARGEST_SIDE = 2048
PANEL_SIDE = 640
CARD_SIDE = 320
# Matplotlib's fonts may not be used by two threads at once.
DRAWING = threading.Lock()


def micrograph_png(field: Field) -> bytes:
    """Return the image as read, at full contrast, with its band."""
    top = field.micrograph.image.shape[0]
    grey = stretch(field.micrograph.image)
    if top < field.full.shape[0]:
        # The band's black and white would take the contrast from the image.
        grey = np.concatenate([grey, stretch(field.full[top:])])
    return _encoded(_shrunk(grey, LARGEST_SIDE, cv2.INTER_AREA))


def colours_png(field: Field) -> bytes:
    """Return the coloured phases, without the band's rows."""
    mapped = _mapped(field)
    labels = _shrunk(mapped.labels, LARGEST_SIDE, cv2.INTER_NEAREST)
    colours = None if mapped.colours is None else np.array(mapped.colours, dtype=np.uint8)
    return _encoded(colour_labels(labels, len(mapped.names), colours))


def component_png(field: Field, phase: int) -> bytes:
    """Return the abundance of a phase: black for none, white for all."""
    mapped = _mapped(field)
    if not 0 <= phase < len(mapped.names):
        raise UserError(f"There is no phase {phase}.")
    return _encoded(np.asarray(255 * _shrunk(mapped.abundances[phase], PANEL_SIDE, cv2.INTER_AREA), dtype=np.uint8))


def fingerprints_svg(session: Session) -> bytes:
    """Return the heat map of H, phases by features."""
    model = session.model
    with DRAWING:
        return _svg(plot_fingerprints(model.fingerprints, model.feature_names, model.names))


def loss_svg(session: Session) -> bytes:
    """Return the objective against iterations."""
    history = session.model.loss_history.tolist()
    with DRAWING:
        return _svg(plot_loss({"objective": history}))


def choice_svg(session: Session) -> bytes:
    """Return what each rule sees over the number of phases."""
    found = session.comparison
    if found is None:
        raise UserError("No numbers of phases have been compared yet.")
    titles = {name: rule.title for name, rule in RULES.items()}
    with DRAWING:
        return _svg(plot_choice(found.n_phases, found.curves, suggestions=found.suggestions, labels=titles))


def candidate_png(session: Session, number: int) -> bytes:
    """Return a candidate of the contact sheet, coloured over its image."""
    sheet = _sheet(session)
    if not 1 <= number <= len(sheet.candidates):
        raise UserError(f"There is no candidate {number}.")
    grey = _shrunk(stretch(sheet.micrograph.image), CARD_SIDE, cv2.INTER_AREA)
    return _encoded(thumbnail(grey, sheet.candidates[number - 1].labels))


def uncertainty_png(session: Session) -> bytes:
    """Return where the candidates disagree: black nowhere, white everywhere."""
    doubt = _shrunk(_sheet(session).uncertainty, PANEL_SIDE, cv2.INTER_AREA)
    return _encoded(np.asarray(255 * doubt, dtype=np.uint8))


def _sheet(session: Session) -> Exploration:
    if session.sheet is None:
        raise UserError("Nothing has been explored yet.")
    return session.sheet.exploration


def _svg(figure: Figure) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, format="svg")
    return stream.getvalue()


def _mapped(field: Field):
    if field.phase_map is None:
        raise UserError(f"{field.file_name} has no phase map yet.")
    return field.phase_map


def _shrunk(image: NDArray, side: int, interpolation: int) -> NDArray:
    height, width = image.shape
    scale = side / max(height, width)
    if scale >= 1:
        return image
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=interpolation))


def _encoded(pixels: NDArray[np.uint8]) -> bytes:
    return bytes(imagecodecs.png_encode(np.ascontiguousarray(pixels), level=1))
