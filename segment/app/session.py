"""What one user has on the table: images, phases, names and colours."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segment.composition import Composition
from segment.model import FittedModel, Parameters, Segmenter, presets
from segment.pipeline import ReadOptions
from segment.records import Micrograph, PhaseMap

if TYPE_CHECKING:
    from segment.explore import Exploration
    from segment.phases import PhaseComparison

Colour = tuple[int, int, int]
N_PHASES = int(presets()["default"]["n_phases"])


class UserError(ValueError):
    """Something the user can put right; the message says what and how."""


@dataclass(frozen=True)
class Stroke:
    """What was painted on an image without lifting the brush.

    Attributes
    ----------
    phase : int
        Phase id.
    width : int
        In pixels of the image.
    points : tuple of (float, float)
        x and y in pixels of the image as read, band included; 0 is its left or upper edge.
    """

    phase: int
    width: int
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Field:
    """One image, as it was read and as the user corrected it.

    Attributes
    ----------
    full : ndarray of float32, shape (h, w)
        Grey levels in [0, 1], the information band included.
    detected : Micrograph
        As read: band and pixel size from the file.
    micrograph : Micrograph
        As corrected. Both images are views of `full`.
    options : ReadOptions
        The corrections, for the side-car.
    phase_map : PhaseMap or None
        None before segmentation, or after a correction of the band.
    composition : Composition or None
        The known fractions that guided `phase_map`.
    strokes : tuple of Stroke
        What is painted on the image, oldest first.
    lesson : ndarray of uint8, shape (h, w), or None
        Phase ids, 255 elsewhere: the painted pixels that taught the model of `phase_map`.
    """

    full: NDArray[np.float32]
    detected: Micrograph
    micrograph: Micrograph
    options: ReadOptions
    phase_map: PhaseMap | None = None
    composition: Composition | None = None
    strokes: tuple[Stroke, ...] = ()
    lesson: NDArray[np.uint8] | None = None

    @property
    def file_name(self) -> str:
        """Name of the uploaded file, without folders."""
        return self.micrograph.name if self.micrograph.path is None else self.micrograph.path.name


@dataclass(frozen=True)
class Restored:
    """Settings of an earlier result, for the controls of the page.

    Attributes
    ----------
    parameters : Parameters
    known : str or None
        Known fractions, as the page's field has them; None leaves what it has.
    """

    parameters: Parameters
    known: str | None = None


@dataclass(frozen=True)
class Sheet:
    """The contact sheet of an image.

    Attributes
    ----------
    exploration : Exploration
    version : int
        The session's when it was put up.
    chosen : int or None
        Number of the candidate that was chosen last.
    """

    exploration: Exploration
    version: int
    chosen: int | None = None


@dataclass(frozen=True)
class Session:
    """All of one user's work. Every action takes one and returns another.

    Attributes
    ----------
    fields : tuple of Field
        The images, in the order in which they were dropped.
    current : int
        Index of the field that is shown.
    segmenter : Segmenter or None
        Fitted or loaded; None before.
    is_loaded : bool
        Whether `segmenter` came from a model file, and is to be applied rather than fitted.
    names : tuple of str
        Name of each phase of `segmenter`.
    colours : tuple of (int, int, int)
        Colour of each phase.
    selected : int or None
        The phase last pointed at.
    n_phases : int
        The number of phases that the page asks for; so many can be painted.
    comparison : PhaseComparison or None
        What the rules say of the number of phases.
    sheet : Sheet or None
        The last exploration.
    own : Parameters or None
        A preset of the user's own: from a file, a side-car or the sheet.
    restored : Restored or None
        The settings that were chosen last, of a side-car, a preset file or the sheet.
    version : int
        Grows with every change of what pictures show.
    """

    fields: tuple[Field, ...] = ()
    current: int = 0
    segmenter: Segmenter | None = None
    is_loaded: bool = False
    names: tuple[str, ...] = ()
    colours: tuple[Colour, ...] = ()
    selected: int | None = None
    n_phases: int = N_PHASES
    comparison: PhaseComparison | None = None
    sheet: Sheet | None = None
    own: Parameters | None = None
    restored: Restored | None = None
    version: int = 0

    @property
    def field(self) -> Field | None:
        """The field that is shown."""
        return self.fields[self.current] if self.fields else None

    @property
    def mapped(self) -> tuple[Field, ...]:
        """The fields that have a phase map."""
        return tuple(field for field in self.fields if field.phase_map is not None)

    @property
    def model(self) -> FittedModel:
        """What was learned, with the user's names."""
        if self.segmenter is None:
            raise UserError("There is no model yet: press Segment first.")
        return replace(self.segmenter.model, names=self.names)

    def with_field(self, index: int, field: Field) -> Session:
        """Return the session with one field replaced."""
        fields = (*self.fields[:index], field, *self.fields[index + 1 :])
        return replace(self, fields=fields, comparison=None, version=self.version + 1)


def show(session: Session, file_name: str) -> Session:
    """Turn to the image of that file name."""
    for index, field in enumerate(session.fields):
        if field.file_name == file_name:
            return replace(session, current=index)
    raise UserError(f"There is no image {file_name!r} any more: drop it again.")


def remove(session: Session) -> Session:
    """Put the shown image away."""
    fields = (*session.fields[: session.current], *session.fields[session.current + 1 :])
    current = max(0, min(session.current, len(fields) - 1))
    return replace(session, fields=fields, current=current, comparison=None, version=session.version + 1)
