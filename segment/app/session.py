"""What one user has open: images, strokes, phases, names, colours and settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segment.app.settings import Settings
from segment.app.user_error import UserError
from segment.composition import Composition
from segment.model import FittedModel, Parameters, Segmenter
from segment.pipeline import ReadOptions
from segment.plots.colours import phase_colours
from segment.records import Micrograph, Objects, PhaseMap

if TYPE_CHECKING:
    from segment.explore import Exploration
    from segment.phases import PhaseComparison
    from segment.report import ReportTable

Colour = tuple[int, int, int]
Point = tuple[float, float]


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
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Region:
    """A polygon drawn on an image.

    Attributes
    ----------
    kind : {"include", "exclude"}
        Where there are regions to include, nothing outside them is measured; what lies in a region to exclude never is.
    points : tuple of (float, float)
        Corners, x and y in pixels of the image as read.
    """

    kind: str
    points: tuple[Point, ...]


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
        As corrected. Both images are views of `full`, unless pixels are excluded.
    options : ReadOptions
        The corrections, for the side-car.
    phase_map : PhaseMap or None
        Of the model's phases, none of them merged. None before segmentation, or after a correction of the band or the
        regions.
    composition : Composition or None
        The known fractions that guided `phase_map`.
    strokes : tuple of Stroke
        What is painted on the image, oldest first.
    regions : tuple of Region
        What is drawn on the image to include or exclude.
    training : ndarray of uint8, shape (h, w), or None
        Phase ids, 255 elsewhere: the painted pixels that the model of `phase_map` was trained from.
    is_accepted : bool
        Whether the user has checked `phase_map`.
    painted : ndarray of uint8, shape (rows, w), or None
        Phase ids, 255 elsewhere: a dropped file of strokes, under those that are painted here.
    mask : ndarray of bool, shape of `full`, or None
        A dropped mask: which pixels take part.
    previous : ndarray of uint8, shape (h, w), or None
        Labels of the map before `phase_map`, to compare with.
    own : Segmenter or None
        What `phase_map` was made by, where the image was refitted by strokes of its own; None: by the session's.
    """

    full: NDArray[np.float32]
    detected: Micrograph
    micrograph: Micrograph
    options: ReadOptions
    phase_map: PhaseMap | None = None
    composition: Composition | None = None
    strokes: tuple[Stroke, ...] = ()
    regions: tuple[Region, ...] = ()
    training: NDArray[np.uint8] | None = None
    is_accepted: bool = False
    painted: NDArray[np.uint8] | None = None
    mask: NDArray[np.bool_] | None = None
    previous: NDArray[np.uint8] | None = None
    own: Segmenter | None = None

    @property
    def file_name(self) -> str:
        """Name of the uploaded file, without folders."""
        return self.micrograph.name if self.micrograph.path is None else self.micrograph.path.name


@dataclass(frozen=True)
class Sheet:
    """The contact sheet of an image.

    Attributes
    ----------
    exploration : Exploration
    chosen : int or None
        Number of the candidate that was chosen last.
    """

    exploration: Exploration
    chosen: int | None = None


@dataclass(frozen=True)
class Compared:
    """What several numbers of phases come to.

    Attributes
    ----------
    rules : PhaseComparison
        What the rules say of them.
    name : str
        The image that is shown.
    image : ndarray of float32, shape (h, w)
        The middle of it.
    maps : tuple of ndarray of uint8, shape (h, w)
        Its phase map for 2, 3, ... phases.
    """

    rules: PhaseComparison
    name: str
    image: NDArray[np.float32]
    maps: tuple[NDArray[np.uint8], ...]


@dataclass(frozen=True)
class Measured:
    """The objects of one image.

    Attributes
    ----------
    image : str
        File name.
    what : str
        What the objects are, in words.
    objects : Objects
    """

    image: str
    what: str
    objects: Objects


@dataclass(frozen=True)
class Place:
    """A place in an image that the page can turn to.

    Attributes
    ----------
    image : str
        File name.
    x, y : float
        In pixels of the image as read.
    width : float
        How many pixels round it are to be seen.
    text : str
        What is there.
    """

    image: str
    x: float
    y: float
    width: float
    text: str


@dataclass(frozen=True)
class Findings:
    """What was measured in a tab of its own.

    Attributes
    ----------
    title : str
    image : str
        File name of the image that was measured; empty where all open images were.
    tables : tuple of segment.report.ReportTable
    caveats : tuple of str
        What to know before the numbers are used.
    pictures : tuple of (str, str)
        Names in `files`, each with its caption.
    files : mapping of str to ndarray of uint8, shape (n,)
        The bytes of each file, by name.
    places : tuple of Place
        Where in the images what was found is.
    """

    title: str
    image: str
    tables: tuple[ReportTable, ...]
    caveats: tuple[str, ...]
    pictures: tuple[tuple[str, str], ...]
    files: Mapping[str, NDArray[np.uint8]]
    places: tuple[Place, ...] = ()


@dataclass(frozen=True)
class Session:
    """All of one user's work. Every action takes one and returns another.

    Attributes
    ----------
    fields : tuple of Field
        The images, in the order in which they were dropped.
    segmenter : Segmenter or None
        Fitted or loaded; None before.
    is_loaded : bool
        Whether `segmenter` came from a file, and is to be applied rather than fitted.
    names : tuple of str
        Names that the user gave, by phase id; the empty string where none was given. Phases of one name are merged.
    colours : tuple of (int, int, int)
        Colours that the user gave, by phase id; the standard palette beyond.
    settings : Settings
        What the controls of the page are set to.
    own : Parameters or None
        A preset of the user's own: from a file, a side-car or the sheet.
    splits : int or None
        Phase that the next segmentation divides by strokes, while the map of the others stays; None: none.
    comparison : Compared or None
        The last comparison of numbers of phases.
    sheet : Sheet or None
        The last exploration.
    measured : Measured or None
        The objects that were measured last.
    standard, film, atoms : Findings or None
        What was measured last by a standard, of the images as frames of a film, and of the atomic columns of one.
    """

    fields: tuple[Field, ...] = ()
    segmenter: Segmenter | None = None
    is_loaded: bool = False
    names: tuple[str, ...] = ()
    colours: tuple[Colour, ...] = ()
    settings: Settings = field(default_factory=Settings)
    own: Parameters | None = None
    splits: int | None = None
    comparison: Compared | None = None
    sheet: Sheet | None = None
    measured: Measured | None = None
    standard: Findings | None = None
    film: Findings | None = None
    atoms: Findings | None = None

    @property
    def mapped(self) -> tuple[Field, ...]:
        """The fields that have a phase map."""
        return tuple(item for item in self.fields if item.phase_map is not None)

    @property
    def n_phases(self) -> int:
        """The number of phases that can be named and painted: those of the model, or as many as are asked for."""
        mapped = self.segmenter is not None and (self.is_loaded or bool(self.mapped))
        of_model = self.segmenter.parameters.n_phases if self.segmenter is not None and mapped else 0
        return max(of_model, self.settings.n_phases)

    @property
    def model(self) -> FittedModel:
        """What was learned, with the user's names."""
        if self.segmenter is None:
            raise UserError("There is no model yet: press Segment first.")
        model = self.segmenter.model
        return replace(model, names=self.phase_names(len(model.names)))

    def phase_names(self, n_phases: int) -> tuple[str, ...]:
        """Return a name for each of the first phases, the user's where there is one."""
        given = (*self.names, *("",) * n_phases)[:n_phases]
        return tuple(name or f"phase {phase}" for phase, name in enumerate(given))

    def phase_colours(self, n_phases: int) -> tuple[Colour, ...]:
        """Return a colour for each of the first phases, the user's where there is one."""
        palette = [tuple(int(value) for value in colour) for colour in phase_colours(n_phases)]
        return (*self.colours, *palette[len(self.colours) :])[:n_phases]  # pyright: ignore[reportReturnType]

    def index_of(self, file_name: str) -> int:
        """Return the place of the image of that file name; UserError where there is none."""
        for index, item in enumerate(self.fields):
            if item.file_name == file_name:
                return index
        raise UserError(f"There is no image {file_name!r} any more: drop it again.")

    def with_field(self, index: int, changed: Field) -> Session:
        """Return the session with one field replaced."""
        return replace(self, fields=(*self.fields[:index], changed, *self.fields[index + 1 :]))


def remove(session: Session, image: str) -> Session:
    """Take an image out of the session; names, colours and settings stay."""
    index = session.index_of(image)
    return replace(session, fields=(*session.fields[:index], *session.fields[index + 1 :]), comparison=None)


def accept(session: Session, image: str, is_accepted: bool = True) -> Session:
    """Note that the user has checked the map of an image, or that it is to be checked again."""
    index = session.index_of(image)
    if session.fields[index].phase_map is None:
        raise UserError(f"{image} has no phase map yet: press Segment first.")
    return session.with_field(index, replace(session.fields[index], is_accepted=bool(is_accepted)))
