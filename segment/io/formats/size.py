"""The largest image that is read."""

from segment.io.errors import ImageReadError

MAX_PIXELS = 1 << 30


def check_size(height: int, width: int) -> None:
    """Raise ImageReadError where a header claims more than 2**30 pixels, before anything is allocated for them."""
    if height * width > MAX_PIXELS:
        raise ImageReadError(f"the image claims {width} x {height} pixels, more than {MAX_PIXELS} in all")
