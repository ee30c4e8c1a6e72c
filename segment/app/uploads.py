"""Take uploaded files in: images with the text files of their microscope, each read whole or refused with a reason."""

from __future__ import annotations

import itertools
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from segment.app.label_file import as_labels
from segment.app.limits import Limits
from segment.app.loader import LOADERS
from segment.app.session import Field, Session
from segment.io import read_micrograph
from segment.io.formats.size import at_most
from segment.io.formats.tiff import count_pages
from segment.pipeline import ReadOptions

# Written beside the image by TESCAN, Hitachi and JEOL; they carry its pixel size.
NOTES = (".hdr", ".txt")
UNFINISHED = ".part"
MILLION = 1_000_000


class Inbox:
    """A folder in which uploads wait until they are read, one folder a session.

    Parameters
    ----------
    folder : Path
        Temporary; whoever made it removes it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count()

    def place(self, token: str, name: str) -> Path:
        """Return where an upload of that name is to be written; no two are the same."""
        inside = self._folder / token / f"{next(self._numbers):08d}"
        inside.mkdir(parents=True)
        return inside / safe_name(name)

    def collect(self, token: str) -> list[Path]:
        """Return all finished uploads of a session, oldest first."""
        return sorted(path for path in self._folder.glob(f"{token}/*/*") if path.name != UNFINISHED)

    def clear(self, token: str) -> None:
        """Delete all uploads of a session."""
        shutil.rmtree(self._folder / token, ignore_errors=True)


def take(
    session: Session, files: Sequence[Path], limits: Limits, is_film: bool = False
) -> tuple[Session, tuple[str, ...]]:
    """Read uploaded files into the session, and delete them.

    Parameters
    ----------
    session : Session
    files : sequence of Path
        Temporary files, named as the user named them; all are deleted, whatever happens. One that ends in .npz is a
        saved model, one in .json a side-car, one in .toml a preset, one in .zip a project.
    limits : Limits
    is_film : bool, default False
        Whether every page of a TIFF is an image; otherwise one is chosen.

    Returns
    -------
    session : Session
        With a field more for every image that could be read.
    complaints : tuple of str
        One sentence for every file that could not.
    """
    taken, complaints = session, []
    with tempfile.TemporaryDirectory(prefix="segment-upload-") as folder:
        gathered = _gathered(files, Path(folder), {field.file_name for field in session.fields})
        # What is no image is taken up after the images that are dropped with it.
        for path in sorted(gathered, key=lambda path: path.suffix.lower() in LOADERS):
            loader = LOADERS.get(path.suffix.lower())
            try:
                if loader is not None:
                    taken = loader.take(taken, path, limits)
                elif is_film:
                    for field in _frames(path, limits):
                        taken = _with_field(taken, field, limits)
                else:
                    taken = _with_image(taken, path, limits)
            except (ValueError, OSError, MemoryError) as error:
                complaints.append(_sentence(error, path))
    if files and not gathered:
        complaints.append("Only text files of a microscope were dropped: drop them together with their image.")
    if len(taken.fields) > len(session.fields):
        taken = replace(taken, comparison=None)
    return taken, tuple(complaints)


def safe_name(name: str) -> str:
    r"""Return a file name without folders, control characters or a leading dot.

    Examples
    --------
    >>> safe_name("../../etc/x<1>.png"), safe_name("C:\\scans\\a b.tif"), safe_name("..")
    ('x_1_.png', 'a b.tif', 'image')
    """
    base = re.split(r"[/\\\\]", name)[-1]
    cleaned = re.sub(r'[\x00-\x1f\x7f<>:"|?*]', "_", base).strip().lstrip(".").strip()
    path = Path(cleaned or "image")
    return path.stem[:100] + path.suffix[:10]


def _gathered(files: Sequence[Path], folder: Path, taken: set[str]) -> list[Path]:
    """Move the files into one folder, where a reader finds an image's text file beside it; return the images."""
    images = []
    for path in files:
        target = folder / safe_name(path.name)
        if target.suffix.lower() not in NOTES:
            target = _distinct(target, taken)
            taken.add(target.name)
            images.append(target)
        shutil.move(path, target)
        path.parent.rmdir()
    return images


def _distinct(target: Path, taken: set[str]) -> Path:
    number, candidate = 1, target
    while candidate.name in taken:
        number += 1
        candidate = target.with_name(f"{target.stem}_{number}{target.suffix}")
    return candidate


def _with_image(session: Session, path: Path, limits: Limits) -> Session:
    labelled = as_labels(session, path)
    if labelled is not None:
        return labelled
    _check_count(session, path.name, limits)
    _check_size(path, limits)
    return _with_field(session, _read(path, limits), limits)


def _with_field(session: Session, field: Field, limits: Limits) -> Session:
    _check_count(session, field.file_name, limits)
    _check_pixels(session, field, limits)
    return replace(session, fields=(*session.fields, field))


def _frames(path: Path, limits: Limits) -> Iterator[Field]:
    """Read the pages of a TIFF, one after the other, cut like the first one."""
    _check_size(path, limits)
    count = count_pages(path)
    if count < 2:
        raise ValueError(f"{path.name}: one image; a film has at least two. Drop the files of its frames on the left")
    band: str | int = "auto"
    for page in range(1, count + 1):
        with at_most(limits.image_megapixels * MILLION):
            found = read_micrograph(path, band=band, page=page, borders="none", overlays="none")
            whole = found.image
            if found.band.top is not None:
                whole = read_micrograph(path, band="none", page=page, borders="none", overlays="none").image
        band = "none" if found.band.top is None else found.band.top
        name = f"{path.stem}_{page:0{len(str(count))}d}{path.suffix}"
        image = whole[: found.band.top] if found.valid is None else found.image
        notes = (*found.notes, f"page {page} of {path.name}")
        detected = replace(found, path=Path(name), name=Path(name).stem, image=image, notes=notes)
        yield Field(whole, detected, detected, ReadOptions())


def _read(path: Path, limits: Limits) -> Field:
    with at_most(limits.image_megapixels * MILLION):
        found = read_micrograph(path)
        is_whole = found.band.top is None and found.valid is None
        # As it is: nothing is looked for in the band.
        full = found.image if is_whole else read_micrograph(path, band="none", borders="none", overlays="none").image
    # The file itself is about to go: what is kept is its name.
    image = full[: found.band.top] if found.valid is None else found.image
    detected = replace(found, path=Path(path.name), image=image)
    return Field(full, detected, detected, ReadOptions())


def _check_size(path: Path, limits: Limits) -> None:
    size = path.stat().st_size
    if size > limits.file_mb * MILLION:
        raise ValueError(
            f"{path.name}: is {size / MILLION:.0f} MB large, and at most {limits.file_mb} MB are taken; more with "
            "'segment ui --file-mb'"
        )


def _check_count(session: Session, name: str, limits: Limits) -> None:
    if len(session.fields) >= limits.n_images:
        raise ValueError(
            f"{name}: {limits.n_images} images are open already, the most that are taken; more with "
            "'segment ui --images'"
        )


def _check_pixels(session: Session, field: Field, limits: Limits) -> None:
    total = field.full.size + sum(other.full.size for other in session.fields)
    if total > limits.total_megapixels * MILLION:
        raise ValueError(
            f"{field.file_name}: together with it the open images would have {total / MILLION:.0f} million pixels, and "
            f"at most {limits.total_megapixels} million are taken; more with 'segment ui --total-megapixels', or use "
            "'segment run'"
        )


def _sentence(error: BaseException, path: Path) -> str:
    if isinstance(error, MemoryError):
        return f"{path.name}: this machine has not enough memory for it."
    text = " ".join(str(error).split()).replace(str(path), path.name)
    return text if text.endswith(".") else f"{text}."
