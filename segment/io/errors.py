"""What can go wrong while reading."""

from __future__ import annotations

import tokenize

# What NumPy raises for an array whose header or numbers are damaged; a header is parsed as Python, and may be none.
DAMAGED_ARRAY = (ValueError, EOFError, SyntaxError, tokenize.TokenError)


class ImageReadError(ValueError):
    """A file is not an image that can be read whole; the message names the file and says what was found."""
