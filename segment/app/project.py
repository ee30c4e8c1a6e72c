"""One project on disk: every state of a session since it began, and the arrays that they share."""

from __future__ import annotations

import json
import os
import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segment.app import records
from segment.app.session import Session
from segment.app.user_error import UserError
from segment.io import DAMAGED_ARRAY
from segment.model import FittedModel, storage

# Steps that can be undone, and what the arrays of the older ones may take on the disk.
MOST_STATES = 200
MOST_OLD_BYTES = 2_000_000_000


class Folder:
    """The arrays and models of a project, a file each; see `segment.app.records.Store`.

    Parameters
    ----------
    path : Path
        Made where missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._keys: dict[tuple[int, Any, tuple[int, ...]], tuple[str, NDArray[Any]]] = {}
        path.mkdir(parents=True, exist_ok=True)

    def put_array(self, array: NDArray[Any]) -> tuple[str, int | None]:
        """Write an array that is not written yet; return its key, and its rows where it is the top of another."""
        place = (array.__array_interface__["data"][0], array.dtype, array.shape[1:])
        known = self._keys.get(place)
        is_plain = array.flags.c_contiguous and array.size > 0
        if known is not None and is_plain and len(known[1]) >= len(array):
            return known[0], None if len(known[1]) == len(array) else len(array)
        key = secrets.token_hex(10)
        partial = self.path / f"{key}.part"
        with partial.open("wb") as stream:
            np.save(stream, array, allow_pickle=False)
        partial.rename(self.path / f"{key}.npy")
        if is_plain:
            # The array is kept with its address, which would otherwise be another's before long.
            self._keys[place] = key, array
        return key, None

    def put_model(self, model: FittedModel) -> str:
        """Write a model that is not written yet; return its key."""
        key = model.digest
        if not (self.path / f"{key}.npz").exists():
            storage.save(self.path / f"{key}.npz", model)
        return key

    def array(self, key: str) -> NDArray[Any]:
        """Return an array, mapped into memory: it is read where it is looked at."""
        for known, array in self._keys.values():
            if known == key:
                return array
        try:
            mapped = np.load(self.path / f"{_plain(key)}.npy", mmap_mode="r", allow_pickle=False)
        except (OSError, *DAMAGED_ARRAY) as error:
            raise UserError(f"an array of the project is missing or damaged ({key[:20]}.npy)") from error
        array = np.asarray(mapped)
        if array.flags.c_contiguous and array.size > 0:
            self._keys[array.__array_interface__["data"][0], array.dtype, array.shape[1:]] = key, array
        return array

    def model(self, key: str) -> FittedModel:
        """Return a model."""
        try:
            return storage.load(self.path / f"{_plain(key)}.npz")
        except ValueError as error:
            raise UserError(f"the model of the project is missing or damaged ({key[:20]}.npz)") from error

    def keep(self, names: set[str]) -> None:
        """Delete every array and model that is not among the names."""
        self._keys = {place: item for place, item in self._keys.items() if item[0] in names}
        for path in self.path.iterdir():
            if path.suffix in (".npy", ".npz", ".part") and path.stem not in names:
                path.unlink(missing_ok=True)

    def forget(self, names: set[str]) -> None:
        """Let go of the arrays in memory that are not among the names; their files stay."""
        self._keys = {place: item for place, item in self._keys.items() if item[0] in names}

    def size(self, names: set[str]) -> int:
        """Return the bytes of the files of these names."""
        paths = (self.path / f"{name}{suffix}" for name in names for suffix in (".npy", ".npz"))
        return sum(path.stat().st_size for path in paths if path.exists())


class Project:
    """A session with its history; every change is on the disk when the call returns.

    Parameters
    ----------
    path : Path
        Folder of the project: of one that was written before, or a new one.

    Attributes
    ----------
    session : Session
        As it is now.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.RLock()
        self._folder = Folder(path / "arrays")
        self._names: dict[int, set[str]] = {}
        self._states = sorted(int(item.stem.removeprefix("state-")) for item in path.glob("state-*.json"))
        self.session = Session()
        if self._states:
            head = path / "head"
            self._head = int(head.read_text()) if head.exists() else self._states[-1]
            self.session = self._read(self._head)
        else:
            self._head = 0
            self._save(0, "")
        self.touch()

    @property
    def number(self) -> int:
        """The number of the present state: another one after every change, undo and redo."""
        return self._head

    @property
    def labels(self) -> tuple[str | None, str | None]:
        """What an undo would take back, and what a redo would do again; None where there is nothing."""
        later = [number for number in self._states if number > self._head]
        earlier = [number for number in self._states if number < self._head]
        return (self._label(self._head) if earlier else None, self._label(later[0]) if later else None)

    def change(self, label: str, change: Callable[[Session], Session]) -> Session:
        """Replace the session by what `change` makes of it, and write it down; nothing comes between.

        Parameters
        ----------
        label : str
            What was done, for undo.
        change : callable
            From the session to another; what it raises leaves everything as it was.

        Returns
        -------
        Session
        """
        with self.lock:
            after = change(self.session)
            if after is self.session:
                return self.session
            for number in [number for number in self._states if number > self._head]:
                self._state(number).unlink(missing_ok=True)
                self._states.remove(number)
            self.session = after
            self._head += 1
            self._save(self._head, label)
            self._prune()
            self.touch()
            return after

    def undo(self) -> str:
        """Go one state back; return what was taken back."""
        with self.lock:
            earlier = [number for number in self._states if number < self._head]
            if not earlier:
                raise UserError("There is nothing to undo.")
            label = self._label(self._head)
            self._go(earlier[-1])
            return label

    def redo(self) -> str:
        """Go one state forward again; return what was done again."""
        with self.lock:
            later = [number for number in self._states if number > self._head]
            if not later:
                raise UserError("There is nothing to redo.")
            self._go(later[0])
            return self._label(self._head)

    def touch(self) -> None:
        """Note that the project is in use."""
        os.utime(self.path)

    def key_of(self, array: NDArray[Any]) -> str:
        """Return a word that is the same for as long as an array is: part of the address of its picture."""
        key, rows = self._folder.put_array(array)
        return key if rows is None else f"{key}-{rows}"

    def _go(self, number: int) -> None:
        session = self._read(number)
        self.session, self._head = session, number
        _write(self.path / "head", str(number).encode())
        self.touch()

    def _read(self, number: int) -> Session:
        described = json.loads(self._state(number).read_bytes())
        return records.from_json(described, self._folder)

    def _save(self, number: int, label: str) -> None:
        described = records.to_json(self.session, self._folder)
        names = records.names_in(described)
        described |= {"label": label, "names": sorted(names)}
        _write(self._state(number), records.written(described))
        _write(self.path / "head", str(number).encode())
        self._states.append(number)
        self._names[number] = names
        self._folder.forget(names)

    def _label(self, number: int) -> str:
        return str(json.loads(self._state(number).read_bytes()).get("label", ""))

    def _prune(self) -> None:
        """Drop the oldest states where they are too many or too large, and what only they named."""
        for number in self._states:
            if number not in self._names:
                self._names[number] = set(json.loads(self._state(number).read_bytes())["names"])
        names = self._names = {number: self._names[number] for number in self._states}
        present = names[self._head]
        while len(self._states) > 1:
            old = set().union(*names.values()) - present
            if len(self._states) <= MOST_STATES and self._folder.size(old) <= MOST_OLD_BYTES:
                break
            number = self._states.pop(0)
            del names[number]
            self._state(number).unlink(missing_ok=True)
        self._folder.keep(set().union(*names.values()))

    def _state(self, number: int) -> Path:
        return self.path / f"state-{number:08d}.json"


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    partial = path.with_suffix(".part")
    partial.write_bytes(content)
    os.replace(partial, path)


def _plain(key: str) -> str:
    if not key.isalnum() or len(key) > 80:
        raise UserError("an array of the project has an impossible name")
    return key
