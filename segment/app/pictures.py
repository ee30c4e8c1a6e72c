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
from segment.plots import colour_labels, plot_choice, plot_fingerprints, plot_loss
from segment.plots.rgb import stretch

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# More than a screen shows; numbers and downloads keep every pixel.
LARGEST_SIDE = 2048
PANEL_SIDE = 640
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
    """Return the residual against the number of phases."""
    if not session.errors:
        raise UserError("No numbers of phases have been tried yet.")
    tried, errors = zip(*session.errors, strict=True)
    chosen = None if session.segmenter is None else len(session.names)
    with DRAWING:
        return _svg(plot_choice(tried, {"error": errors}, chosen=chosen if chosen in tried else None))


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
