"""Images that are no micrographs: painted labels, and masks, of an image that is open."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segment.app.corrections import with_regions
from segment.app.session import Field, Session
from segment.app.user_error import UserError
from segment.io.decode import decode
from segment.io.exclude import MASK, check_mask
from segment.model.labels import UNLABELLED

# Grey levels of a micrograph that are so few and so dark are phase ids.
MOST_IDS = 12
SUFFIXES = (".png", ".tif", ".tiff")


def as_labels(session: Session, path: Path) -> Session | None:
    """Return the session with the labels or the mask in a file; None where the file is a micrograph.

    Parameters
    ----------
    session : Session
    path : Path
        ``NAME_mask.png`` is a mask of an open image NAME. A file of phase ids, 255 where nothing is labelled, as the
        download has in ``strokes``, belongs to the open image of the same name.

    Returns
    -------
    Session or None

    Raises
    ------
    UserError
        If it is a file of phase ids, and no image of its name and size is open; or a mask of another size.
    """
    if path.suffix.lower() not in SUFFIXES or path.stat().st_size > 20_000_000:
        return None
    field = _image_of(session, path.stem.removesuffix(MASK))
    if path.stem.endswith(MASK) and field is not None:
        height, across = field.full.shape
        try:
            mask = check_mask(decode(path.read_bytes()), (height, across), field.micrograph.image.shape[0], path.name)
        except ValueError as error:
            raise UserError(str(error)) from error
        whole = np.ones((height, across), dtype=bool)
        whole[: len(mask)] = mask
        index = session.index_of(field.file_name)
        return session.with_field(index, with_regions(replace(field, mask=whole), field.regions))
    try:
        ids = decode(path.read_bytes())
    except (ValueError, OSError):
        return None
    if not _holds_ids(ids):
        return None
    field = _image_of(session, path.stem)
    if field is None or ids.shape not in (field.full.shape, field.micrograph.image.shape):
        raise UserError(
            f"{path.name}: this holds phase ids, as painted strokes and label images do, and is no micrograph; open "
            f"its image first, of the name {path.stem} and of {ids.shape[1]} x {ids.shape[0]} pixels."
        )
    most = int(ids.max(initial=0, where=ids != UNLABELLED)) + 1
    settings = replace(session.settings, n_phases=max(session.settings.n_phases, most, 2))
    session = replace(session, settings=settings, is_loaded=False)
    return session.with_field(session.index_of(field.file_name), replace(field, painted=ids.astype(np.uint8)))


def _image_of(session: Session, stem: str) -> Field | None:
    """Return the open image of that name; a file of a name that was taken has a number at its end."""
    stems = [Path(field.file_name).stem for field in session.fields]
    found = next((name for name in (stem, re.sub(r"_\d+$", "", stem)) if name in stems), None)
    return None if found is None else session.fields[stems.index(found)]


def _holds_ids(pixels: NDArray[np.generic]) -> bool:
    """Whether an image has nothing but ids: whole numbers below 12, or 255, one of them from 1 to 11."""
    if pixels.ndim != 2 or pixels.dtype != np.uint8:
        return False
    found = np.flatnonzero(np.bincount(pixels.ravel(), minlength=256))
    ids = found[found != UNLABELLED]
    return bool(len(ids)) and int(ids[-1]) < MOST_IDS and int(ids[-1]) > 0
