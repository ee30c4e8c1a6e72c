"""Names of output files, one of its own for every input."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

# File systems hold names of 255 bytes; what is added to a name has up to 40.
LONGEST, DIGITS = 200, 12

SCHEMES: tuple[Callable[[Path], str], ...] = (
    lambda path: path.stem,
    lambda path: f"{path.stem}_{path.suffix.lstrip('.')}",
    lambda path: f"{path.parent.name}_{path.stem}",
    lambda path: f"{path.parent.name}_{path.stem}_{path.suffix.lstrip('.')}",
)


def output_names(paths: Sequence[Path]) -> list[str]:
    """Give every input a name for its results; no two are equal, not even in upper and lower case.

    Parameters
    ----------
    paths : sequence of Path
        Different files.

    Returns
    -------
    list of str
        The stem, where it is the only one of its kind; else with the suffix, the folder, both, or a number. Names of
        more than 200 bytes are cut and end in a part of their SHA-256.

    Examples
    --------
    >>> output_names([Path("a/x.png"), Path("b/x.png"), Path("a/y.tif")])
    ['a_x', 'b_x', 'y']
    """
    resolved = [path.resolve() for path in paths]
    schemes = [lambda path, scheme=scheme: shortened(scheme(path)) for scheme in SCHEMES]
    names: list[str | None] = [None] * len(paths)
    for scheme in schemes:
        candidates = [scheme(path) for path in resolved]
        asked = Counter(name.casefold() for name, given in zip(candidates, names, strict=True) if given is None)
        given_already = {name.casefold() for name in names if name is not None}
        for index, name in enumerate(candidates):
            if names[index] is None and asked[name.casefold()] == 1 and name.casefold() not in given_already:
                names[index] = name
    taken = {name.casefold() for name in names if name is not None}
    for index, path in enumerate(resolved):
        number = 1
        while names[index] is None:
            number += 1
            name = shortened(f"{path.stem}_{number}")
            if name.casefold() not in taken:
                names[index] = name
                taken.add(name.casefold())
    return [name for name in names if name is not None]


def shortened(name: str) -> str:
    """Return a name that a file system holds together with what is added to it.

    Examples
    --------
    >>> shortened("steel"), len(shortened("\u00e9" * 200).encode())
    ('steel', 199)
    """
    data = name.encode("utf-8", "surrogateescape")
    if len(data) <= LONGEST:
        return name
    kept = data[: LONGEST - DIGITS - 1].decode("utf-8", "ignore")
    return f"{kept}-{hashlib.sha256(data).hexdigest()[:DIGITS]}"
