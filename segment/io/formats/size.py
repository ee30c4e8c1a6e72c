"""The largest image that is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from segment.io.errors import ImageReadError

MAX_PIXELS = 1 << 30
_most: ContextVar[int] = ContextVar("most pixels", default=MAX_PIXELS)


def check_size(height: int, width: int) -> None:
    """Raise ImageReadError where a header claims more pixels than allowed, before anything is allocated for them."""
    if height * width > _most.get():
        raise ImageReadError(f"the image claims {width} x {height} pixels, more than {_most.get()} in all")


@contextmanager
def at_most(pixels: int) -> Iterator[None]:
    """Refuse images of more pixels inside the block, in this thread only; 2**30 is allowed elsewhere.

    Parameters
    ----------
    pixels : int
        Largest product of height and width.

    Examples
    --------
    >>> with at_most(100):
    ...     check_size(30, 40)
    Traceback (most recent call last):
        ...
    segment.io.errors.ImageReadError: the image claims 40 x 30 pixels, more than 100 in all
    """
    token = _most.set(pixels)
    try:
        yield
    finally:
        _most.reset(token)
