"""Dropped files that are no images: what each kind stands for, and how large it may be."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from segment.app.limits import Limits
from segment.app.model_file import load_model
from segment.app.preset_file import load_preset
from segment.app.project_file import load_project
from segment.app.session import Session
from segment.app.side_car import load_side_car
from segment.app.user_error import UserError


@dataclass(frozen=True)
class Loader:
    """How a kind of file is taken up.

    Attributes
    ----------
    noun : str
        What such a file is called.
    most_bytes : int
        The largest that is read, unpacked; 0: what the images that are taken may come to.
    read : callable
        From a session, a file and the limits to the session with what was in it; a ValueError says why it cannot be.
    """

    noun: str
    most_bytes: int
    read: Callable[[Session, Path, Limits], Session]

    def take(self, session: Session, path: Path, limits: Limits) -> Session:
        """Return the session with what is in a file.

        Parameters
        ----------
        session : Session
        path : Path
        limits : Limits

        Returns
        -------
        Session

        Raises
        ------
        UserError
            If the file is too large to be of this kind.
        ValueError, OSError
            If it cannot be taken up.
        """
        size = _unpacked_size(path)
        most = self.most_bytes or limits.project_bytes
        if size > most:
            more = "" if self.most_bytes else "; more with 'segment ui --total-megapixels'"
            raise UserError(
                f"{path.name}: holds {size / 1e6:.3g} MB; a {self.noun} has at most {most / 1e6:.3g} MB{more}."
            )
        return self.read(session, path, limits)


# A model of 255 phases and 121 features has a megabyte, more where it was trained from labels, and a side-car holds a
# model. A preset is twenty lines.
LOADERS = {
    ".npz": Loader("model", 64_000_000, load_model),
    ".json": Loader("side-car", 64_000_000, load_side_car),
    ".toml": Loader("preset", 100_000, load_preset),
    ".zip": Loader("project", 0, load_project),
}


def _unpacked_size(path: Path) -> int:
    """Return the bytes of a file, or what a zip file claims to unpack to."""
    size = path.stat().st_size
    if not zipfile.is_zipfile(path):
        return size
    try:
        with zipfile.ZipFile(path) as archive:
            return max(size, sum(item.file_size for item in archive.infolist()))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        # Whoever reads it says what is wrong with it.
        return size
