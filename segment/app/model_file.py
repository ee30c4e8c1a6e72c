"""Load a model file that somebody else may have written."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

from segment.app.segmentation import default_colours
from segment.app.session import Session, UserError
from segment.model import ModelFileError, Segmenter

# A model of 255 phases and 121 features has a megabyte.
LARGEST = 64_000_000


def load_model(session: Session, path: Path) -> Session:
    """Read an uploaded model, and apply it from now on.

    Parameters
    ----------
    session : Session
    path : Path

    Returns
    -------
    Session
        Maps made by another model are dropped.

    Raises
    ------
    UserError
        If it is no model file, or unpacks to more than 64 MB. Nothing in it is ever executed: a model is plain
        arrays and JSON.
    """
    try:
        _check_unpacked_size(path)
        segmenter = Segmenter.load(path)
    except (ModelFileError, OSError) as error:
        raise UserError(str(error).replace(str(path), path.name) + ".") from error
    return with_model(session, segmenter)


def with_model(session: Session, segmenter: Segmenter) -> Session:
    """Return the session with a model that is applied from now on; maps made by another are dropped."""
    names = segmenter.model.names
    return replace(
        session,
        fields=tuple(replace(field, phase_map=None) for field in session.fields),
        segmenter=segmenter,
        is_loaded=True,
        names=names,
        colours=default_colours(len(names)),
        selected=None,
        version=session.version + 1,
    )


def forget_model(session: Session) -> Session:
    """Learn from the images again instead of applying a loaded model; what it mapped stays until then."""
    return replace(session, is_loaded=False)


def _check_unpacked_size(path: Path) -> None:
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(item.file_size for item in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return
    if size > LARGEST:
        raise UserError(f"{path.name}: unpacks to {size / 1e6:.0f} MB; a model has at most {LARGEST / 1e6:.0f} MB.")
