"""Train on files, apply a model to files, or both."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segment.io import OutputError, find_images, write_text
from segment.measure import PhaseFraction, fractions_csv
from segment.model import FittedModel, Segmenter
from segment.pipeline.naming import output_names
from segment.pipeline.outputs import FORMAT, VERSION, output_paths, write_result
from segment.pipeline.reading import Failure, OnProgress, Progress, ReadOptions, digest_file, failure, read_one, silent
from segment.records import Micrograph

FRACTIONS = "fractions.csv"
MODEL = "model.npz"


class NothingReadableError(ValueError):
    """None of the inputs could be read; `failures` says why of each.

    Attributes
    ----------
    failures : tuple of Failure
    """

    def __init__(self, failures: Sequence[Failure]) -> None:
        super().__init__(f"none of the {len(failures)} inputs could be read")
        self.failures = tuple(failures)


@dataclass(frozen=True)
class ImageResult:
    """What was done with one input.

    Attributes
    ----------
    path : Path
        The input.
    name : str
        What its output files start with.
    fractions : tuple of PhaseFraction
    is_resumed : bool
        Whether the files of an earlier run were kept.
    """

    path: Path
    name: str
    fractions: tuple[PhaseFraction, ...]
    is_resumed: bool


@dataclass(frozen=True)
class BatchResult:
    """What was done with a batch.

    Attributes
    ----------
    segmenter : Segmenter
    images : tuple of ImageResult
    failures : tuple of Failure
    """

    segmenter: Segmenter
    images: tuple[ImageResult, ...]
    failures: tuple[Failure, ...]


def train(
    inputs: Iterable[str | Path],
    segmenter: Segmenter,
    *,
    options: ReadOptions | None = None,
    on_progress: OnProgress = silent,
) -> tuple[Failure, ...]:
    """Fit a segmenter to files, folders and globs; what cannot be read is left out.

    Parameters
    ----------
    inputs : iterable of str or Path
        Files, folders or glob patterns.
    segmenter : Segmenter
        Fitted in place.
    options : ReadOptions, optional
        How the files are read.
    on_progress : callable, optional
        Called with a `Progress` after every file.

    Returns
    -------
    tuple of Failure
        The files that could not be read.

    Raises
    ------
    FileNotFoundError
        If an input stands for no image.
    NothingReadableError
        If no file could be read.
    ValueError
        If there are fewer pixels than phases.
    """
    options = options or ReadOptions()
    micrographs: list[Micrograph] = []
    failures: list[Failure] = []
    paths = find_images(inputs)
    for index, path in enumerate(paths, start=1):
        item = read_one(path, options)
        failures.append(item) if isinstance(item, Failure) else micrographs.append(item)
        on_progress(Progress("read", index, len(paths), path.name))
    if not micrographs:
        raise NothingReadableError(failures)
    on_progress(Progress("fit", 0, 1, f"{len(micrographs)} images"))
    segmenter.fit(micrographs)
    on_progress(Progress("fit", 1, 1, f"{len(micrographs)} images"))
    return tuple(failures)


def apply(
    segmenter: Segmenter,
    inputs: Iterable[str | Path],
    out: str | Path,
    *,
    options: ReadOptions | None = None,
    resume: bool = False,
    on_progress: OnProgress = silent,
) -> BatchResult:
    """Segment files, folders and globs with a fitted segmenter and write the results.

    Every image gets ``NAME_labels.png``, ``NAME_phases.png``, ``NAME_components.png``, ``NAME_overlay.png`` and, last,
    ``NAME.json``; the batch gets ``fractions.csv``. Each file is written whole or not at all.

    Parameters
    ----------
    segmenter : Segmenter
        Fitted.
    inputs : iterable of str or Path
        Files, folders or glob patterns.
    out : str or Path
        Folder, made where missing.
    options : ReadOptions, optional
        How the files are read.
    resume : bool, default False
        Keep the results of an earlier run whose side-car names the same bytes, model, parameters and options.
    on_progress : callable, optional
        Called with a `Progress` after every file.

    Returns
    -------
    BatchResult
        A file that cannot be read is among its failures, and the rest go on.

    Raises
    ------
    FileNotFoundError
        If an input stands for no image.
    segment.io.OutputError
        If the output folder cannot be written to, or a result would overwrite an input.
    """
    options, out = options or ReadOptions(), Path(out)
    model = segmenter.model
    paths = find_images(inputs)
    names = output_names(paths)
    _refuse_overwriting(paths, names, out)
    results: list[ImageResult] = []
    failures: list[Failure] = []
    for index, (path, name) in enumerate(zip(paths, names, strict=True), start=1):
        rows = _kept(path, out, name, model, options) if resume else None
        is_resumed = rows is not None
        if rows is None:
            item = _segmented(segmenter, path, out, name, options)
            if isinstance(item, Failure):
                failures.append(item)
            else:
                rows = item
        if rows is not None:
            results.append(ImageResult(path, name, rows, is_resumed))
        on_progress(Progress("segment", index, len(paths), path.name))
    write_text(out / FRACTIONS, fractions_csv((result.name, result.fractions) for result in results))
    return BatchResult(segmenter, tuple(results), tuple(failures))


def run(
    inputs: Iterable[str | Path],
    segmenter: Segmenter,
    out: str | Path,
    *,
    options: ReadOptions | None = None,
    resume: bool = False,
    on_progress: OnProgress = silent,
) -> BatchResult:
    """Train on the inputs, write the model to ``model.npz`` in `out`, and apply it to the same inputs.

    Parameters
    ----------
    inputs : iterable of str or Path
        Files, folders or glob patterns.
    segmenter : Segmenter
        Fitted in place.
    out : str or Path
        Folder, made where missing.
    options : ReadOptions, optional
        How the files are read.
    resume : bool, default False
        Train again, which gives the same bits for the same files, parameters and seed, and keep finished images.
    on_progress : callable, optional
        Called with a `Progress` after every file.

    Returns
    -------
    BatchResult

    Raises
    ------
    FileNotFoundError
        If an input stands for no image.
    NothingReadableError
        If no file could be read.
    segment.io.OutputError
        If the output folder cannot be written to, or a result would overwrite an input.
    """
    options, out = options or ReadOptions(), Path(out)
    paths = find_images(inputs)
    _refuse_overwriting(paths, output_names(paths), out)
    failures = train(paths, segmenter, options=options, on_progress=on_progress)
    segmenter.save(out / MODEL)
    # A file that could not be trained on fails again when segmented: one report is enough.
    unreadable = {item.path for item in failures}
    done = apply(segmenter, paths, out, options=options, resume=resume, on_progress=on_progress)
    later = tuple(item for item in done.failures if item.path not in unreadable)
    return BatchResult(segmenter, done.images, (*failures, *later))


def _segmented(
    segmenter: Segmenter, path: Path, out: Path, name: str, options: ReadOptions
) -> tuple[PhaseFraction, ...] | Failure:
    micrograph = read_one(path, options)
    if isinstance(micrograph, Failure):
        return micrograph
    try:
        phase_map = segmenter.predict(micrograph)
    except ValueError as error:
        return failure(path, error)
    return write_result(out, name, phase_map, segmenter.model, options)


def _refuse_overwriting(paths: Sequence[Path], names: Sequence[str], out: Path) -> None:
    inputs = {path.resolve() for path in paths}
    for name in names:
        for target in output_paths(out, name):
            if target.resolve() in inputs:
                raise OutputError(f"{target}: is an input and would be overwritten; choose another output folder")


def _kept(
    path: Path, out: Path, name: str, model: FittedModel, options: ReadOptions
) -> tuple[PhaseFraction, ...] | None:
    """Return the rows of a complete earlier result that equals what would be made now, or None."""
    *pictures, side_car = output_paths(out, name)
    if not all(picture.is_file() for picture in pictures):
        return None
    record = _read_json(side_car)
    try:
        is_same = (
            (record["format"], record["version"]) == (FORMAT, VERSION)
            and record["model"]["sha256"] == model.digest
            and record["parameters"] == model.parameters.to_json()
            and record["read_options"] == options.to_json()
            and record["input"]["sha256"] == digest_file(path)
        )
        return tuple(PhaseFraction(**row) for row in record["fractions"]) if is_same else None
    except (KeyError, TypeError, OSError):
        return None


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
