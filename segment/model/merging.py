"""Phases of one name are one phase: their pixels, abundances and fractions are added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from segment.records import Guidance, PhaseMap


def group_names(names: Sequence[str]) -> tuple[tuple[int, ...], ...]:
    """Return the phases of each name, in the order in which the names first come; case does not count.

    Parameters
    ----------
    names : sequence of str
        One a phase.

    Returns
    -------
    tuple of tuple of int

    Examples
    --------
    >>> group_names(["pearlite", "ferrite", "Pearlite"])
    ((0, 2), (1,))
    """
    groups: dict[str, list[int]] = {}
    for phase, name in enumerate(names):
        groups.setdefault(name.casefold(), []).append(phase)
    return tuple(tuple(members) for members in groups.values())


def merge_labels(labels: NDArray[np.uint8], names: Sequence[str]) -> NDArray[np.uint8]:
    """Return label ids that count the different names.

    Parameters
    ----------
    labels : ndarray of uint8, shape (h, w)
        Phase ids; those beyond the names stay.
    names : sequence of str
        One a phase.

    Returns
    -------
    ndarray of uint8, shape (h, w)

    Examples
    --------
    >>> merge_labels(np.array([[0, 1, 2, 255]], np.uint8), ["pearlite", "ferrite", "pearlite"]).tolist()
    [[0, 1, 0, 255]]
    """
    table = np.arange(256, dtype=np.uint8)
    for new, members in enumerate(group_names(names)):
        table[list(members)] = new
    return table[labels]


def merge_phases(phase_map: PhaseMap, names: Sequence[str]) -> PhaseMap:
    """Return a map in which phases of one name are one phase.

    Parameters
    ----------
    phase_map : PhaseMap
        Of k phases.
    names : sequence of str
        k names; equal ones are merged.

    Returns
    -------
    PhaseMap
        Abundances, fractions and what guided them are added; a merged phase has the colour of its first member, and no
        interval, for it is not known how those of its members depend on each other.

    Examples
    --------
    >>> from segment import Segmenter
    >>> found = Segmenter(3).fit_predict(np.tile(np.linspace(0, 1, 32, dtype=np.float32), (32, 1)))
    >>> merged = merge_phases(found, ["dark", "bright", "bright"])
    >>> merged.names, bool(np.isclose(merged.fractions[1], found.fractions[1:].sum()))
    (('dark', 'bright'), True)
    """
    groups = group_names(names)
    first = [members[0] for members in groups]
    colours = None if phase_map.colours is None else tuple(phase_map.colours[phase] for phase in first)
    given = tuple(names[phase] for phase in first)
    if len(groups) == len(names):
        return replace(phase_map, names=given, colours=colours)
    abundances = np.stack([_added(phase_map.abundances, members) for members in groups])
    guidance = phase_map.guidance
    return replace(
        phase_map,
        labels=merge_labels(phase_map.labels, names),
        abundances=np.asarray(abundances, dtype=np.float32),
        fractions=_added_each(phase_map.fractions, groups),
        names=given,
        colours=colours,
        guidance=None if guidance is None else _merged(guidance, groups, given, names),
        intervals=None,
    )


def _added(values: NDArray, members: tuple[int, ...]) -> NDArray:
    return values[members[0]] if len(members) == 1 else np.sum(values[list(members)], axis=0)


def _added_each(values: NDArray, groups: tuple[tuple[int, ...], ...]) -> NDArray:
    return np.array([values[list(members)].sum() for members in groups])


def _merged(
    guidance: Guidance, groups: tuple[tuple[int, ...], ...], given: tuple[str, ...], names: Sequence[str]
) -> Guidance:
    return replace(
        guidance,
        labels=merge_labels(guidance.labels, names),
        names=given,
        target=_added_each(guidance.target, groups),
        before=_added_each(guidance.before, groups),
        after=_added_each(guidance.after, groups),
        offsets=np.array([guidance.offsets[members[0]] for members in groups]),
    )
