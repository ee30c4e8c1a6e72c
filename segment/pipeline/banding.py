"""Where the images of a batch have their information bands, and those that have theirs elsewhere than most."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from segment.io.band import NEAR
from segment.io.read import locate_band
from segment.pipeline.reading import Decoded, Failure, ReadOptions
from segment.pipeline.workers import Mapped, workers
from segment.records import Band, Micrograph

# Images of one size that are enough to compare, and the fraction of them that agrees.
FEWEST, MOST = 3, 2 / 3

Located = tuple[tuple[int, int], Band]


def find_usual_bands(found: Sequence[Located | None]) -> dict[int, int]:
    """Return the images whose band is not where those of most others of their size are, and where these are.

    Parameters
    ----------
    found : sequence of ((int, int), Band), or None
        Height and width of each image with its band, and the band; None: not known.

    Returns
    -------
    dict of int to int
        From the number of an image to the first row of the others' bands, the height of the image where they have none.
        Empty where fewer than two thirds of at least three images agree. Bands that the user named are never among
        them.

    Examples
    --------
    >>> find_usual_bands([((100, 80), Band(row, "detected")) for row in (80, 81, 80, None)])
    {3: 80}
    """
    groups: dict[tuple[int, int], list[tuple[int, Band]]] = defaultdict(list)
    for number, item in enumerate(found):
        if item is not None:
            groups[item[0]].append((number, item[1]))
    odd = {}
    for (height, _), group in groups.items():
        # Without a band the micrograph ends where the picture does.
        tops = np.array([height if band.top is None else band.top for _, band in group])
        usual = int(np.median(tops))
        agrees = np.abs(tops - usual) <= NEAR
        if len(group) < FEWEST or agrees.mean() < MOST:
            continue
        for (number, band), is_usual in zip(group, agrees.tolist(), strict=True):
            if not is_usual and band.source != "user":
                odd[number] = usual
    return dict(sorted(odd.items()))


def locate(options: ReadOptions, path: Path) -> Located | None:
    """Return the size and the band of one image; None where it cannot be read."""
    try:
        return locate_band(path, page=options.page, channel=options.channel, grey_range=options.grey_range)
    except (ValueError, OSError, MemoryError):
        return None


def usual_bands(
    paths: Iterable[Path], options: ReadOptions, each: Mapped, decoded: Decoded | None = None
) -> dict[Path, int]:
    """Look for the bands of a batch, and return the images that have theirs elsewhere than most.

    Parameters
    ----------
    paths : iterable of Path
    options : ReadOptions
        Nothing is looked at where the user has said where the band is.
    each : callable
        Who looks at the images, as `segment.pipeline.workers.workers` gives it.
    decoded : Decoded, optional
        Where the images are read for the next step too, as far as it keeps them.

    Returns
    -------
    dict of Path to int
        As `find_usual_bands`.
    """
    paths = list(paths)
    if options.band != "auto" or len(paths) < FEWEST:
        return {}
    if decoded is None:
        found = [item if isinstance(item, tuple) else None for item in each(locate, options, paths)]
    else:
        found = [locate(options, path) if decoded.is_full else _read(decoded, options, path) for path in paths]
    return {paths[number]: row for number, row in find_usual_bands(found).items()}


def _read(decoded: Decoded, options: ReadOptions, path: Path) -> Located | None:
    item = decoded.read(path, options)
    return None if isinstance(item, Failure) else (item.read_shape, item.band)


def as_usual(options: ReadOptions, path: Path, usual: Mapping[Path, int]) -> ReadOptions:
    """Return how one image of a batch is read."""
    return replace(options, usual_band=usual[path]) if path in usual else options


def read_batch(paths: Iterable[Path], options: ReadOptions) -> list[Micrograph | Failure]:
    """Read the images of a batch, whose bands tell of each other.

    Parameters
    ----------
    paths : iterable of Path
    options : ReadOptions

    Returns
    -------
    list of Micrograph or Failure
    """
    paths, decoded = list(paths), Decoded()
    with workers() as each:
        usual = usual_bands(paths, options, each, decoded)
    return [decoded.take(path, as_usual(options, path, usual)) for path in paths]
