"""What can go wrong while reading."""


class ImageReadError(ValueError):
    """A file is not an image that can be read whole; the message names the file and says what was found."""
