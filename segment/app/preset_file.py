"""Take settings from a preset file that somebody dropped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from segment.app.limits import Limits
from segment.app.session import Session
from segment.app.settings import settings_of
from segment.model import Parameters, read_preset


def load_preset(session: Session, path: Path, limits: Limits) -> Session:
    """Read an uploaded preset, and learn phases with it from now on.

    Parameters
    ----------
    session : Session
    path : Path
    limits : Limits

    Returns
    -------
    Session
        With the preset's settings; a loaded model is no longer applied.

    Raises
    ------
    segment.model.PresetFileError
        If it is no preset file; names the file and the key.
    """
    name, values = read_preset(path)
    return with_preset(session, Parameters(preset=name, random_state=0, **values), limits.n_phases)


def with_preset(session: Session, preset: Parameters, most_phases: int) -> Session:
    """Return the session with a preset of the user's own that is learned with from now on."""
    settings = settings_of(preset, most_phases, session.settings.known)
    return replace(session, own=preset, is_loaded=False, settings=settings)
