"""Refuse in a sentence what this machine has not the memory for, before it begins."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from segment.app.user_error import UserError
from segment.records import Micrograph

# Bytes a pixel of the image at work, its features and what they are made of; measured with images of 10 megapixels.
WORKING = 115
MEMINFO = Path("/proc/meminfo")


def check_memory(images: Sequence[Micrograph], n_phases: int) -> None:
    """Raise UserError where images cannot be mapped together.

    Parameters
    ----------
    images : sequence of Micrograph
    n_phases : int

    Raises
    ------
    UserError
        If more memory is needed than is free; says how much, and what takes less.
    """
    free, needed = free_memory(), memory_needed([image.image.size for image in images], n_phases)
    if free is not None and needed > free:
        pixels = sum(image.image.size for image in images) / 1e6
        raise UserError(
            f"Mapping {len(images)} images of together {pixels:.0f} million pixels needs about {needed / 1e9:.1f} GB "
            f"of memory, and {free / 1e9:.1f} GB are free: open fewer images, or map the folder with 'segment run', "
            "which holds one image at a time."
        )


def memory_needed(sizes: Sequence[int], n_phases: int) -> int:
    """Return about how many bytes it takes to map images of so many pixels.

    Examples
    --------
    >>> memory_needed([10_000_000] * 3, 2) // 10**6
    1810
    """
    # The images, and twice the labels and abundances: where they are made, and where they are kept.
    return sum(sizes) * (4 + 2 * (1 + 4 * n_phases)) + WORKING * max(sizes, default=0)


def free_memory() -> int | None:
    """Return the bytes of memory that programs can still have; None where the system does not say."""
    try:
        found = re.search(r"MemAvailable:\s+(\d+) kB", MEMINFO.read_text())
    except OSError:
        return None
    return None if found is None else 1024 * int(found[1])
