"""Train on files, apply a model to files, or both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from segment.composition import Composition
from segment.interchange import TABLE_FORMATS, check_formats
from segment.io import OutputError, find_images, write_text
from segment.measure import PhaseFraction, fractions_csv
from segment.model import Segmenter
from segment.pipeline.labelling import match_labels
from segment.pipeline.naming import output_names
from segment.pipeline.outputs import output_paths, write_result
from segment.pipeline.reading import Failure, OnProgress, Progress, ReadOptions, failure, read_one, silent
from segment.pipeline.reporting import Reporter
from segment.pipeline.resume import kept_result
from segment.records import Micrograph, PhaseMap

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
    window_px : float or None
        Window over which the features of a pixel were taken, one sigma in pixels of the image; None without one.
    """

    path: Path
    name: str
    fractions: tuple[PhaseFraction, ...]
    is_resumed: bool
    window_px: float | None


@dataclass(frozen=True)
class BatchResult:
    """What was done with a batch.

    Attributes
    ----------
    segmenter : Segmenter
    images : tuple of ImageResult
    failures : tuple of Failure
    report : Path or None
        The report, where one was asked for and there is something to report.
    """

    segmenter: Segmenter
    images: tuple[ImageResult, ...]
    failures: tuple[Failure, ...]
    report: Path | None = None


def train(
    inputs: Iterable[str | Path],
    segmenter: Segmenter,
    *,
    labels: str | Path | None = None,
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
    labels : str or Path, optional
        Label file or folder of them that teaches the phases, see `segment.pipeline.labelling.match_labels`; files
        that are labels of an input are no inputs.
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
        If there are fewer pixels than phases, or the labels are not those of the images.
    """
    options = options or ReadOptions()
    micrographs: list[Micrograph] = []
    failures: list[Failure] = []
    paths, painted = _without_labels(find_images(inputs), labels)
    for index, path in enumerate(paths, start=1):
        item = read_one(path, options)
        failures.append(item) if isinstance(item, Failure) else micrographs.append(item)
        on_progress(Progress("read", index, len(paths), path.name))
    if not micrographs:
        raise NothingReadableError(failures)
    on_progress(Progress("fit", 0, 1, f"{len(micrographs)} images"))
    found = None if labels is None else [painted.get(micrograph.path or Path()) for micrograph in micrographs]
    segmenter.fit(micrographs, found)
    on_progress(Progress("fit", 1, 1, f"{len(micrographs)} images"))
    return tuple(failures)


def apply(
    segmenter: Segmenter,
    inputs: Iterable[str | Path],
    out: str | Path,
    *,
    options: ReadOptions | None = None,
    resume: bool = False,
    exports: Iterable[str] = (),
    report: bool = False,
    composition: Composition | None = None,
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
    exports : iterable of str
        Further formats, names in `segment.interchange.IMAGE_FORMATS` and `TABLE_FORMATS`.
    report : bool, default False
        Write ``report.html``, one page that holds everything.
    composition : Composition, optional
        Known phase fractions of every image.
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
    ValueError
        If an export format is unknown or needs a library that is not installed, or the fractions are not those of a
        mixture of the phases.
    segment.io.OutputError
        If the output folder cannot be written to, or a result would overwrite an input.
    """
    options, out, exports = options or ReadOptions(), Path(out), check_formats(exports)
    model = segmenter.model
    if composition is not None:
        composition.check(model.names)
    paths = find_images(inputs)
    names = output_names(paths)
    _refuse_overwriting(paths, names, out, exports)
    reporter = Reporter(out, model, options) if report else None
    results: list[ImageResult] = []
    failures: list[Failure] = []
    for index, (path, name) in enumerate(zip(paths, names, strict=True), start=1):
        kept = kept_result(path, out, name, model, options, exports, composition) if resume else None
        if kept is not None and (reporter is None or reporter.add_kept(name, path, kept[0])):
            results.append(ImageResult(path, name, kept[0], True, kept[1]))
        else:
            found = _segmented(segmenter, path, options, composition)
            if isinstance(found, Failure):
                failures.append(found)
            else:
                rows = write_result(out, name, found, model, options, exports, composition)
                seen = found.treatment.neighbourhood
                results.append(ImageResult(path, name, rows, False, None if seen is None else seen.window_px))
                if reporter is not None:
                    reporter.add(name, found, rows)
        on_progress(Progress("segment", index, len(paths), path.name))
    tables = [(result.name, result.fractions) for result in results]
    write_text(out / FRACTIONS, fractions_csv(tables))
    for chosen in exports:
        if chosen in TABLE_FORMATS:
            TABLE_FORMATS[chosen]((out / FRACTIONS).with_suffix(f".{chosen}"), tables)
    page = None if reporter is None else reporter.write(failures)
    return BatchResult(segmenter, tuple(results), tuple(failures), page)


def run(
    inputs: Iterable[str | Path],
    segmenter: Segmenter,
    out: str | Path,
    *,
    labels: str | Path | None = None,
    options: ReadOptions | None = None,
    resume: bool = False,
    exports: Iterable[str] = (),
    report: bool = False,
    names: Sequence[str] | None = None,
    composition: Composition | None = None,
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
    labels : str or Path, optional
        Label file or folder of them, as for `train`.
    options : ReadOptions, optional
        How the files are read.
    resume : bool, default False
        Train again, which gives the same bits for the same files, parameters and seed, and keep finished images.
    exports : iterable of str
        Further formats, names in `segment.interchange.IMAGE_FORMATS` and `TABLE_FORMATS`.
    report : bool, default False
        Write ``report.html``, one page that holds everything.
    names : sequence of str, optional
        What to call the phases, that of the darkest first; with labels in the order of their ids.
    composition : Composition, optional
        Known phase fractions of every image.
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
    ValueError
        If the names or the fractions are not those of the segmenter's number of phases.
    segment.io.OutputError
        If the output folder cannot be written to, or a result would overwrite an input.
    """
    options, out, exports = options or ReadOptions(), Path(out), check_formats(exports)
    n_phases = segmenter.parameters.n_phases
    # Before the training, which takes its time; labels may say of themselves how many phases there are.
    if labels is None and names is not None and len(names) != n_phases:
        raise ValueError(f"names: {n_phases} phases need as many names, got {len(names)}")
    if labels is None and composition is not None:
        composition.check(names or [f"phase {phase}" for phase in range(n_phases)])
    paths, painted = _without_labels(find_images(inputs), labels)
    _refuse_overwriting((*paths, *painted.values()), output_names(paths), out, exports)
    failures = train(paths, segmenter, labels=labels, options=options, on_progress=on_progress)
    if names is not None:
        segmenter.name_phases(names)
    segmenter.save(out / MODEL)
    # A file that could not be trained on fails again when segmented: one report is enough.
    unreadable = {item.path for item in failures}
    done = apply(
        segmenter,
        paths,
        out,
        options=options,
        resume=resume,
        exports=exports,
        report=report,
        composition=composition,
        on_progress=on_progress,
    )
    later = tuple(item for item in done.failures if item.path not in unreadable)
    return BatchResult(segmenter, done.images, (*failures, *later), done.report)


def _segmented(
    segmenter: Segmenter, path: Path, options: ReadOptions, composition: Composition | None
) -> PhaseMap | Failure:
    micrograph = read_one(path, options)
    if isinstance(micrograph, Failure):
        return micrograph
    try:
        return segmenter.predict(micrograph, **({} if composition is None else composition.to_json()))
    except ValueError as error:
        return failure(path, error)


def _without_labels(paths: list[Path], labels: str | Path | None) -> tuple[list[Path], dict[Path, Path]]:
    """Tell images from their labels, which may lie beside them."""
    if labels is None:
        return paths, {}
    painted = match_labels(labels, paths)
    files = {path.resolve() for path in painted.values()}
    return [path for path in paths if path.resolve() not in files], painted


def _refuse_overwriting(paths: Sequence[Path], names: Sequence[str], out: Path, exports: Sequence[str]) -> None:
    inputs = {path.resolve() for path in paths}
    for name in names:
        for target in output_paths(out, name, exports):
            if target.resolve() in inputs:
                raise OutputError(f"{target}: is an input and would be overwritten; choose another output folder")
