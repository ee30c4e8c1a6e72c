"""How large a neighbourhood is, for an image of a given size."""

from __future__ import annotations

# A working image has this many pixels on its shorter side, unless it is smaller: fine filters are set for that.
WORKING_SIDE = 400
WINDOWS_PER_SIDE = 30


def working_shape(shape: tuple[int, int]) -> tuple[int, int]:
    """Return the shape at which textures are taken: the shorter side at most 400 pixels.

    Parameters
    ----------
    shape : (int, int)
        Height and width of the image, in pixels.

    Returns
    -------
    (int, int)

    Examples
    --------
    >>> working_shape((703, 1024))
    (400, 583)
    >>> working_shape((128, 128))
    (128, 128)
    """
    shrink = max(1.0, min(shape) / WORKING_SIDE)
    return max(1, round(shape[0] / shrink)), max(1, round(shape[1] / shrink))


def window_sigma(shape: tuple[int, int]) -> float:
    """Return the width of the window over which histograms are taken: a thirtieth of the shorter side.

    Parameters
    ----------
    shape : (int, int)
        Height and width of an image, in pixels.

    Returns
    -------
    float
        Standard deviation of a Gaussian window, in pixels of that image; at least 0.5.

    Examples
    --------
    >>> window_sigma((300, 400))
    10.0
    """
    return max(min(shape) / WINDOWS_PER_SIDE, 0.5)
