"""Which component is which phase: said by the user, never guessed silently."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray


def order_by_brightness(image: NDArray[np.float32], labels: NDArray[np.uint8], n_phases: int) -> NDArray[np.intp]:
    """Order components from the darkest to the brightest mean grey level of the pixels they lead in.

    Parameters
    ----------
    image : ndarray of float32, shape (h, w)
    labels : ndarray of uint8, shape (h, w)
        Component of every pixel.
    n_phases : int

    Returns
    -------
    ndarray of int, shape (n_phases,)
        Components, darkest first; those without a pixel come last.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> order_by_brightness(np.array([[0.9, 0.1]], np.float32), np.array([[0, 1]], np.uint8), 2).tolist()
    [1, 0]
    """
    if image.shape != labels.shape:
        raise ValueError(f"image and labels must have one shape, got {image.shape} and {labels.shape}")
    counts = np.bincount(labels.ravel(), minlength=n_phases)
    summed = np.bincount(labels.ravel(), weights=image.ravel(), minlength=n_phases)
    brightness = np.full(n_phases, np.inf)
    np.divide(summed, counts, out=brightness, where=counts > 0)
    return np.argsort(brightness, kind="stable")


def name_by_brightness(
    names: Sequence[str], image: NDArray[np.float32], labels: NDArray[np.uint8], n_phases: int
) -> tuple[str, ...]:
    """Name components in the order of their brightness.

    Parameters
    ----------
    names : sequence of str
        One a component, that of the darkest first.
    image : ndarray of float32, shape (h, w)
    labels : ndarray of uint8, shape (h, w)
        Component of every pixel.
    n_phases : int

    Returns
    -------
    tuple of str
        Name of component 0, 1, ...

    Raises
    ------
    ValueError
        If there is not one name for every component, or a name occurs twice.

    Examples
    --------
    >>> image, labels = np.array([[0.9, 0.1]], np.float32), np.array([[0, 1]], np.uint8)
    >>> name_by_brightness(["ferrite", "cementite"], image, labels, 2)
    ('cementite', 'ferrite')
    """
    if len(names) != n_phases:
        raise ValueError(f"names: {len(names)} given for {n_phases} components")
    if len(set(names)) != len(names):
        raise ValueError(f"names must differ, got {', '.join(names)}")
    order = order_by_brightness(image, labels, n_phases)
    return tuple(names[int(np.flatnonzero(order == component)[0])] for component in range(n_phases))


def name_by_seed(
    seeds: Mapping[str, tuple[int, int]],
    abundances: NDArray[np.float32],
    radius: int = 5,
    names: Sequence[str] | None = None,
) -> tuple[str, ...]:
    """Name components by pointing at each phase.

    Parameters
    ----------
    seeds : mapping of str to (int, int)
        For each phase the (row, column) of a pixel that belongs to it.
    abundances : ndarray of float32, shape (k, h, w)
        Fraction of every component in every pixel.
    radius : int, default 5
        Pixels around a seed whose mean abundance decides, 0 for the seed alone.
    names : sequence of str, optional
        What components without a seed are called; ``"phase 0"``, ... by default.

    Returns
    -------
    tuple of str
        Name of component 0, 1, ...

    Raises
    ------
    ValueError
        If a seed lies outside the image, or two seeds point at the same component; the message names them.

    Examples
    --------
    >>> abundances = np.array([[[0.9, 0.2]], [[0.1, 0.8]]], np.float32)
    >>> name_by_seed({"pearlite": (0, 1)}, abundances, radius=0)
    ('phase 0', 'pearlite')
    """
    n_phases, height, width = abundances.shape
    found: dict[int, str] = {}
    for name, (row, column) in seeds.items():
        if not (0 <= row < height and 0 <= column < width):
            raise ValueError(f"seed of {name!r}: ({row}, {column}) lies outside an image of {height} x {width}")
        window = abundances[:, max(row - radius, 0) : row + radius + 1, max(column - radius, 0) : column + radius + 1]
        component = int(np.argmax(window.reshape(n_phases, -1).mean(axis=1)))
        if component in found:
            raise ValueError(f"the seeds of {found[component]!r} and {name!r} point at one component, {component}")
        found[component] = name
    others = [f"phase {component}" for component in range(n_phases)] if names is None else names
    return tuple(found.get(component, others[component]) for component in range(n_phases))
