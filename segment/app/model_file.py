"""Load a model file that somebody else may have written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from segment.app.limits import Limits
from segment.app.session import Session
from segment.model import Segmenter


def load_model(session: Session, path: Path, limits: Limits) -> Session:
    """Read an uploaded model, and apply it from now on.

    Parameters
    ----------
    session : Session
    path : Path
    limits : Limits
        Not needed: a model has the phases that it has.

    Returns
    -------
    Session
        Maps made by another model are dropped.

    Raises
    ------
    segment.model.ModelFileError
        If it is no model file. Nothing in it is ever executed: a model is plain arrays and JSON.
    """
    del limits
    return with_model(session, Segmenter.load(path))


def with_model(session: Session, segmenter: Segmenter) -> Session:
    """Return the session with a model that is applied from now on; maps made by another are dropped."""
    names = tuple("" if name == f"phase {phase}" else name for phase, name in enumerate(segmenter.model.names))
    return replace(
        session,
        fields=tuple(replace(field, phase_map=None, training=None) for field in session.fields),
        segmenter=segmenter,
        is_loaded=True,
        names=names,
        splits=None,
    )


def forget_model(session: Session) -> Session:
    """Learn from the images again instead of applying a loaded model; what it mapped stays until then."""
    return replace(session, is_loaded=False)
