"""Say what the phases are: point at one, name it, colour it, merge it with another."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from segment.app.session import Colour, Field, Session
from segment.app.user_error import UserError
from segment.model.merging import group_names, merge_phases
from segment.records import EXCLUDED, PhaseMap

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
    name : str
    probability : float
        Abundance of that phase there, 0 to 1.
    """

    row: int
    column: int
    phase: int
    name: str
    probability: float


def shown_map(session: Session, field: Field) -> PhaseMap:
    """Return the map of an image under the user's names and colours, phases of one name merged.

    Parameters
    ----------
    session : Session
    field : Field

    Returns
    -------
    PhaseMap

    Raises
    ------
    UserError
        If the image has none.
    """
    mapped = field.phase_map
    if mapped is None:
        raise UserError(f"{field.file_name} has no phase map yet: press Segment first.")
    count = len(mapped.names)
    named = replace(mapped, micrograph=field.micrograph, colours=session.phase_colours(count))
    return merge_phases(named, session.phase_names(count))


def shown_fractions(session: Session, field: Field) -> list[float]:
    """Return the area fraction of each phase of `shown_map`, without making it."""
    if field.phase_map is None:
        return []
    fractions = field.phase_map.fractions
    return [float(fractions[list(group)].sum()) for group in group_names(session.phase_names(len(fractions)))]


def shown_intervals(session: Session, field: Field) -> list[tuple[float, float, float, float] | None]:
    """Return the intervals of the area fractions of `shown_map`, without making it.

    Parameters
    ----------
    session : Session
    field : Field

    Returns
    -------
    list of (float, float, float, float) or None
        One a phase: the ends where it is open what the phase is, then where only its boundary is; see
        `segment.records.Intervals`. None for merged phases, of which it is not known how their fractions vary
        together, and where none were found.
    """
    mapped = field.phase_map
    if mapped is None:
        return []
    found = mapped.intervals
    groups = group_names(session.phase_names(len(mapped.names)))
    if found is None:
        return [None] * len(groups)
    ends = np.concatenate([found.meaning, found.boundary], axis=1).tolist()
    return [tuple(ends[group[0]]) if len(group) == 1 else None for group in groups]


def point(session: Session, image: str, x: float, y: float) -> Spot:
    """Find the phase at a point of an image.

    Parameters
    ----------
    session : Session
    image : str
        File name.
    x, y : float
        In pixels of the image as read, band included: 0 is its left or upper edge.

    Returns
    -------
    Spot

    Raises
    ------
    UserError
        If the image has no phase map, or the point lies in the information band or is excluded.
    """
    field = session.fields[session.index_of(image)]
    mapped = field.phase_map
    if mapped is None:
        raise UserError("There are no phases to point at yet: press Segment first.")
    height, width = field.full.shape
    row, column = min(max(int(y), 0), height - 1), min(max(int(x), 0), width - 1)
    if row >= mapped.labels.shape[0]:
        raise UserError("This point lies in the information band, which has no phase.")
    phase = int(mapped.labels[row, column])
    if phase == EXCLUDED:
        raise UserError("This point is excluded, and has no phase.")
    names = session.phase_names(len(mapped.names))
    members = next(group for group in group_names(names) if phase in group)
    return Spot(row, column, members[0], names[phase], float(mapped.abundances[list(members), row, column].sum()))


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
    members = _members(session, phase)
    names = session.phase_names(session.n_phases)
    name = " ".join(name.split())
    if not name:
        raise UserError(f"A phase needs a name: {names[phase]!r} keeps its own.")
    if len(name) > LONGEST or not name.isprintable():
        raise UserError(f"A name has at most {LONGEST} printable characters.")
    others = {other.casefold() for index, other in enumerate(names) if index not in members}
    if name.casefold() in others:
        raise UserError(f"Another phase is called {name!r} already; to make one phase of both, press Merge.")
    return replace(session, names=_with(session.names, members, name))


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
    members = _members(session, phase)
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        raise UserError(f"A colour is written #rrggbb, not {colour[:20]!r}.")
    red, green, blue = bytes.fromhex(colour[1:])
    colours: list[Colour] = list(session.phase_colours(session.n_phases))
    for member in members:
        colours[member] = (red, green, blue)
    return replace(session, colours=tuple(colours))


def merge(session: Session, phase: int, into: int) -> Session:
    """Make one phase of two: both have the name and the colour of `into` from now on.

    Parameters
    ----------
    session : Session
    phase, into : int
        Phase ids.

    Returns
    -------
    Session

    Raises
    ------
    UserError
        If they are one phase already, or no other phase would be left.
    """
    members, target = _members(session, phase), _members(session, into)
    names = session.phase_names(session.n_phases)
    if members == target:
        raise UserError(f"{names[phase]} is one phase already.")
    if len(group_names(names)) <= 2:
        raise UserError("There are only two phases: merged, nothing would be left to measure.")
    merged = replace(session, names=_with(session.names, members, names[into]))
    return recolour(merged, into, "#{:02x}{:02x}{:02x}".format(*session.phase_colours(session.n_phases)[into]))


def separate(session: Session, phase: int) -> Session:
    """Take a merged phase apart again: its members get their own numbers and colours back, the first keeps the name."""
    members = _members(session, phase)
    if len(members) < 2:
        raise UserError(f"{session.phase_names(session.n_phases)[phase]} is not merged with another phase.")
    colours = list(session.phase_colours(session.n_phases))
    palette = Session().phase_colours(session.n_phases)
    for member in members[1:]:
        colours[member] = palette[member]
    return replace(session, names=_with(session.names, members[1:], ""), colours=tuple(colours))


def followed(old: Sequence[PhaseMap], new: Sequence[PhaseMap], names: Sequence[str]) -> dict[int, tuple[int, float]]:
    """Find which phase of new maps covers the pixels of each named phase of old maps of the same images.

    Parameters
    ----------
    old, new : sequence of PhaseMap
        In pairs; those of unlike shapes are passed over.
    names : sequence of str
        By phase of the old maps; empty where none was given.

    Returns
    -------
    dict of int to (int, float)
        For each named phase the new phase, no new one twice, and the pixels of both over those of either.
    """
    counts = np.zeros((256, 256), dtype=np.int64)
    for before, after in zip(old, new, strict=True):
        if before.labels.shape == after.labels.shape:
            pairs = before.labels.astype(np.int32).ravel() * 256 + after.labels.ravel()
            counts += np.bincount(pairs, minlength=65536).reshape(256, 256)
    counts = counts[:EXCLUDED, :EXCLUDED]
    union = counts.sum(axis=1)[:, None] + counts.sum(axis=0)[None, :] - counts
    overlap = np.where(union > 0, counts / np.maximum(union, 1), 0.0)
    overlap = overlap[: len(names), : max((len(item.names) for item in new), default=0)].copy()
    found: dict[int, tuple[int, float]] = {}
    for _ in range(min(overlap.shape)):
        phase, other = (int(index) for index in np.unravel_index(int(overlap.argmax()), overlap.shape))
        if overlap[phase, other] <= 0:
            break
        found[phase] = other, float(overlap[phase, other])
        overlap[phase], overlap[:, other] = -1, -1
    return {phase: match for phase, match in found.items() if names[phase]}


def _members(session: Session, phase: int) -> tuple[int, ...]:
    """Return the phases that are merged with one, itself among them."""
    for group in group_names(session.phase_names(session.n_phases)):
        if phase in group:
            return group
    raise UserError(f"There is no phase {phase}: there are {session.n_phases}, counted from 0.")


def _with(names: Sequence[str], members: Sequence[int], name: str) -> tuple[str, ...]:
    changed = [*names, *("",) * (max(members) + 1 - len(names))]
    for member in members:
        changed[member] = name
    return tuple(changed)
