"""Take settings from a preset file that somebody dropped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from segment.app.session import Restored, Session, UserError
from segment.model import Parameters, PresetFileError, read_preset

# A preset is twenty lines.
LARGEST = 100_000


def load_preset(session: Session, path: Path) -> Session:
    """Read an uploaded preset, and learn phases with it from now on.

    Parameters
    ----------
    session : Session
    path : Path

    Returns
    -------
    Session
        With the preset's settings for the page's controls; a loaded model is no longer applied.

    Raises
    ------
    UserError
        If it is no preset file; names the file and the key.
    """
    if path.stat().st_size > LARGEST:
        raise UserError(f"{path.name}: has more than {LARGEST // 1000} kB, and is no preset.")
    try:
        name, values = read_preset(path)
    except PresetFileError as error:
        raise UserError(str(error).replace(str(path), path.name) + ".") from error
    return with_preset(session, Parameters(preset=name, random_state=0, **values))


def with_preset(session: Session, preset: Parameters) -> Session:
    """Return the session with a preset of the user's own that is learned with from now on."""
    return replace(session, own=preset, is_loaded=False, restored=Restored(preset))
