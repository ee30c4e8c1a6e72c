"""Say what the phases are: point at one, name it, colour it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from segment.app.session import Session, UserError

LONGEST = 60
SUGGESTIONS = (
    "austenite",
    "bainite",
    "carbide",
    "cementite",
    "crack",
    "ferrite",
    "gamma",
    "gamma prime",
    "graphite",
    "inclusion",
    "martensite",
    "matrix",
    "pearlite",
    "pore",
    "precipitate",
)


@dataclass(frozen=True)
class Spot:
    """What was found at a point.

    Attributes
    ----------
    row, column : int
        Pixel of the image as read.
    phase : int
        Phase id.
    share : float
        Abundance of that phase there, 0 to 1.
    """

    row: int
    column: int
    phase: int
    share: float


def point(session: Session, x: float, y: float) -> tuple[Session, Spot]:
    """Select the phase at a point of the shown image.

    Parameters
    ----------
    session : Session
    x, y : float
        Place in the image as read, band included: 0 is its left or upper edge, 1 its right or lower.

    Returns
    -------
    session : Session
        With that phase selected.
    spot : Spot

    Raises
    ------
    UserError
        If the image has no phase map, or the point lies in the information band.
    """
    field = session.field
    if field is None or field.phase_map is None:
        raise UserError("There are no phases to point at yet: press Segment first.")
    height, width = field.full.shape
    row = min(max(int(y * height), 0), height - 1)
    column = min(max(int(x * width), 0), width - 1)
    if row >= field.phase_map.labels.shape[0]:
        raise UserError("This point lies in the information band, which has no phase.")
    phase = int(field.phase_map.labels[row, column])
    spot = Spot(row, column, phase, float(field.phase_map.abundances[phase, row, column]))
    return replace(session, selected=phase), spot


def rename(session: Session, phase: int, name: str) -> Session:
    """Name a phase, in every image.

    Parameters
    ----------
    session : Session
    phase : int
        Phase id.
    name : str
        Anything printable, at most 60 characters, unlike the other names.

    Returns
    -------
    Session

    Raises
    ------
    UserError
        If the name is empty, too long, not printable or taken; says which.
    """
    _check_phase(session, phase)
    name = " ".join(name.split())
    if not name:
        raise UserError(f"A phase needs a name: {session.names[phase]!r} keeps its own.")
    if len(name) > LONGEST or not name.isprintable():
        raise UserError(f"A name has at most {LONGEST} printable characters.")
    if any(name.casefold() == other.casefold() for index, other in enumerate(session.names) if index != phase):
        raise UserError(f"Another phase is called {name!r} already.")
    return _relabelled(replace(session, names=_with(session.names, phase, name), selected=phase))


def recolour(session: Session, phase: int, colour: str) -> Session:
    """Colour a phase, in every image.

    Parameters
    ----------
    session : Session
    phase : int
        Phase id.
    colour : str
        ``#rrggbb``.

    Returns
    -------
    Session

    Raises
    ------
    UserError
        If the colour is not written so.
    """
    _check_phase(session, phase)
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        raise UserError(f"A colour is written #rrggbb, not {colour!r}.")
    red, green, blue = bytes.fromhex(colour[1:])
    return _relabelled(replace(session, colours=_with(session.colours, phase, (red, green, blue))))


def _check_phase(session: Session, phase: int) -> None:
    if not 0 <= phase < len(session.names):
        raise UserError(f"There is no phase {phase}: press Segment first.")


def _with(values: tuple, index: int, value: object) -> tuple:
    return (*values[:index], value, *values[index + 1 :])


def _relabelled(session: Session) -> Session:
    fields = tuple(
        field
        if field.phase_map is None
        else replace(field, phase_map=replace(field.phase_map, names=session.names, colours=session.colours))
        for field in session.fields
    )
    return replace(session, fields=fields, version=session.version + 1)
