"""All projects of this machine's user: a folder each, under a secret word, kept from one start to the next."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import tempfile
import threading
import time
from collections import OrderedDict
from pathlib import Path
from weakref import WeakValueDictionary

from segment.app.project import Project
from segment.app.user_error import UserError

DAYS = 14
MOST = 100


class Projects:
    """The projects in a folder.

    Parameters
    ----------
    folder : Path
        Made where missing, for its owner only.
    in_memory : int, default 8
        Beyond it, the project that was not used for longest is read from the disk again.

    Notes
    -----
    Whoever does not know a project's word, of 192 random bits, cannot see it. A project that was not used for 14 days
    is deleted, as are those beyond 100, the oldest first.

    Examples
    --------
    >>> import tempfile
    >>> projects = Projects(Path(tempfile.mkdtemp()))
    >>> word = projects.create()
    >>> projects.find(word) is projects.find(word), projects.find("guess")
    (True, None)
    """

    def __init__(self, folder: Path, in_memory: int = 8) -> None:
        self._folder = folder
        self._in_memory = in_memory
        self._lock = threading.Lock()
        self._open: OrderedDict[str, Project] = OrderedDict()
        # Whoever still works with a project that was let go of, such as a computation, works with the only one.
        self._alive: WeakValueDictionary[str, Project] = WeakValueDictionary()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._clear()

    def create(self) -> str:
        """Begin a project; return its word."""
        self._clear()
        word = secrets.token_urlsafe(24)
        with self._lock:
            path = self._folder / word
            path.mkdir(mode=0o700)
            self._keep(word, Project(path))
        return word

    def find(self, word: str) -> Project | None:
        """Return the project of a word; None where there is none."""
        if not re.fullmatch(r"[A-Za-z0-9_-]{32}", word):
            return None
        with self._lock:
            project = self._alive.get(word)
            if project is None:
                path = self._folder / word
                if not path.is_dir():
                    return None
                project = Project(path)
            self._keep(word, project)
            return project

    def close(self, word: str) -> None:
        """Delete a project."""
        if self.find(word) is None:
            raise UserError("There is no such project any more.")
        with self._lock:
            self._open.pop(word, None)
            self._alive.pop(word, None)
            shutil.rmtree(self._folder / word, ignore_errors=True)

    def _keep(self, word: str, project: Project) -> None:
        self._open[word] = self._alive[word] = project
        self._open.move_to_end(word)
        while len(self._open) > self._in_memory:
            self._open.popitem(last=False)

    def _clear(self) -> None:
        """Delete what was not used for long."""
        with self._lock:
            paths = sorted(self._folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
            for index, path in enumerate(paths):
                is_old = time.time() - path.stat().st_mtime > DAYS * 86400
                if path.is_dir() and path.name not in self._alive and (is_old or index >= MOST - 1):
                    shutil.rmtree(path, ignore_errors=True)


def usual_folder() -> Path:
    """Return the folder of projects in the system's temporary one; another, where somebody else made that of its name.

    Returns
    -------
    Path
    """
    owner = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir(), f"segment-projects-{owner}")
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if hasattr(os, "getuid") and (status.st_uid != owner or status.st_mode & 0o077 or folder.is_symlink()):
        return Path(tempfile.mkdtemp(prefix="segment-projects-"))
    return folder
