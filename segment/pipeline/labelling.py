"""Which label file belongs to which image."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

LABELS = "_labels"
SUFFIXES = (".png", ".tif", ".tiff")
MOST_NAMED = 5


def match_labels(source: str | Path, images: Sequence[Path]) -> dict[Path, Path]:
    """Match label files to images by name: those of ``NAME.tif`` are ``NAME_labels.png`` or ``NAME.png``.

    Parameters
    ----------
    source : str or Path
        A folder of label files, PNG or TIFF, in which files of other names are passed over; or one label file, which
        belongs to the image of its name, or where there is only one image to that.
    images : sequence of Path

    Returns
    -------
    dict of Path to Path
        For images that have labels, their file.

    Raises
    ------
    FileNotFoundError
        If `source` does not exist.
    ValueError
        If no image has labels.

    Warns
    -----
    UserWarning
        If a folder holds ``NAME_labels.png`` without an image of that name.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "a_labels.png").touch()
    >>> {image.name: file.name for image, file in match_labels(folder, [Path("a.tif"), Path("b.tif")]).items()}
    {'a.tif': 'a_labels.png'}
    """
    source = Path(source)
    if source.is_dir():
        files = [path for path in sorted(source.iterdir()) if path.suffix.lower() in SUFFIXES]
    elif source.is_file():
        files = [source]
        others = [image for image in images if image.resolve() != source.resolve()]
        if len(others) == 1:
            return {others[0]: source}
    else:
        raise FileNotFoundError(f"labels '{source}': no such file or folder")
    found: dict[Path, Path] = {}
    for image in images:
        for stem in (f"{image.stem}{LABELS}", image.stem):
            # An image among its labels is not its own label.
            fitting = [path for path in files if path.stem == stem and path.resolve() != image.resolve()]
            if fitting:
                found[image] = fitting[0]
                break
    if not found:
        known = ", ".join(sorted(image.name for image in images)[:5])
        raise ValueError(
            f"labels '{source}': nothing there is called NAME{LABELS}.png or NAME.png for an image: {known}"
        )
    _warn_of_others(source, files, images)
    return found


def _warn_of_others(source: Path, files: Sequence[Path], images: Sequence[Path]) -> None:
    known = {image.stem for image in images}
    others = [path.name for path in files if path.stem.endswith(LABELS) and path.stem.removesuffix(LABELS) not in known]
    if others:
        more = f" and {len(others) - MOST_NAMED} more" if len(others) > MOST_NAMED else ""
        warnings.warn(
            f"labels '{source}': {', '.join(others[:MOST_NAMED])}{more} belong to no image here and are not used",
            UserWarning,
            stacklevel=3,
        )
