"""Train on files, apply a model to files, or both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from segment.batch import doubt_phases
from segment.composition import Composition
from segment.interchange import TABLE_FORMATS, check_formats
from segment.io import Inputs, OutputError, Skipped, as_path, find_inputs, refuse_foreign, write_text
from segment.io.exclude import without_masks
from segment.io.location import absolute
from segment.measure import fractions_csv
from segment.model import FittedModel, Segmenter
from segment.pipeline.banding import as_usual, usual_bands
from segment.pipeline.image import ImageResult, ImageTask, segment_image
from segment.pipeline.labelling import match_labels
from segment.pipeline.naming import output_names
from segment.pipeline.outputs import output_paths
from segment.pipeline.reading import Decoded, Failure, OnProgress, Progress, ReadOptions, failure, silent
from segment.pipeline.reporting import Reporter
from segment.pipeline.tables import FRACTIONS, MODEL, refuse_foreign_tables
from segment.pipeline.workers import WorkerLostError, workers
from segment.records import Micrograph


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
class BatchResult:
    """What was done with a batch.

    Attributes
    ----------
    segmenter : Segmenter
    images : tuple of ImageResult
    failures : tuple of Failure
    report : Path or None
        The report, where one was asked for and there is something to report.
    skipped : tuple of Skipped
        Files among the inputs that were not read, and why.
    doubts : mapping of str to str
        What is doubtful about a phase, by its name.
    """

    segmenter: Segmenter
    images: tuple[ImageResult, ...]
    failures: tuple[Failure, ...]
    report: Path | None = None
    skipped: tuple[Skipped, ...] = ()
    doubts: Mapping[str, str] = field(default_factory=dict)


def train(
    inputs: Iterable[str | Path],
    segmenter: Segmenter,
    *,
    labels: str | Path | None = None,
    options: ReadOptions | None = None,
    usual: Mapping[Path, int] | None = None,
    decoded: Decoded | None = None,
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
        Label file or folder of them to learn the phases from, see `segment.pipeline.labelling.match_labels`; files
        that are labels of an input are no inputs.
    options : ReadOptions, optional
        How the files are read.
    usual : mapping of Path to int, optional
        As `segment.pipeline.banding.usual_bands` returns it; None: looked for.
    decoded : Decoded, optional
        Images that an earlier step has read, and where they are kept for the next.
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
    failures: list[Failure] = []
    decoded = decoded or Decoded()
    paths, painted = _without_labels(_found(inputs, options), labels)
    if usual is None:
        with workers() as each:
            usual = usual_bands(paths, options, each, decoded)
    # One after the other: a batch may be larger than memory.
    images = _read_each(paths, options, usual, decoded, failures, on_progress)
    if labels is None:
        segmenter.fit(images)
    else:
        micrographs = list(images)
        segmenter.fit(micrographs, [painted.get(micrograph.path or Path()) for micrograph in micrographs])
    on_progress(Progress("fit", 1, 1, f"{len(paths) - len(failures)} images"))
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
    intervals: bool = False,
    cluster: str | None = None,
    usual: Mapping[Path, int] | None = None,
    decoded: Decoded | None = None,
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
        Files, folders, glob patterns or URLs.
    out : str or Path
        Folder or URL, made where missing.
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
    intervals : bool, default False
        Find 90 % intervals of the fractions too.
    cluster : str, optional
        Address of a Dask scheduler whose workers segment the images; they need to see the inputs and `out`. The same
        files, bit for bit, where the paths are absolute.
    usual : mapping of Path to int, optional
        As `segment.pipeline.banding.usual_bands` returns it; None: looked for.
    decoded : Decoded, optional
        Images that an earlier step has read, and where they are kept for the next.
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
    options, out, exports = options or ReadOptions(), as_path(out), check_formats(exports)
    model = segmenter.model
    if composition is not None:
        composition.check(model.names)
    found = _found(inputs, options)
    paths = found.images
    names = output_names(paths)
    _refuse_overwriting(paths, names, out, exports)
    refuse_foreign_tables(out, exports, with_report=report)
    reporter = Reporter(out, model) if report else None
    results: list[ImageResult] = []
    failures: list[Failure] = []
    decoded = decoded or Decoded()
    task = ImageTask(
        segmenter, out, options, tuple(exports), composition, resume, report, intervals, usual or {}, decoded
    )
    with workers(cluster) as each:
        if cluster is not None:
            paths, task = [absolute(path) for path in paths], task.elsewhere()
        if usual is None:
            here = None if cluster is not None else decoded
            task = replace(task, usual=usual_bands(paths, task.options, each, here))
        done = each(segment_image, task, list(zip(paths, names, strict=True)))
        for index, (path, outcome) in enumerate(zip(paths, done, strict=True), start=1):
            if isinstance(outcome, WorkerLostError):
                outcome = failure(path, outcome)
            if isinstance(outcome, Failure):
                failures.append(outcome)
            else:
                results.append(outcome[0])
                if reporter is not None and outcome[1] is not None:
                    reporter.add(outcome[1])
            on_progress(Progress("segment", index, len(paths), path.name))
    tables = [(result.name, result.fractions) for result in results]
    every = [[row.fraction for row in result.fractions if not row.is_excluded] for result in results]
    doubts = _doubts(results, every, model) if every else {}
    write_text(out / FRACTIONS, fractions_csv(tables, doubts))
    for chosen in exports:
        if chosen in TABLE_FORMATS:
            TABLE_FORMATS[chosen]((out / FRACTIONS).with_suffix(f".{chosen}"), tables)
    page = None if reporter is None else reporter.write(failures)
    return BatchResult(segmenter, tuple(results), tuple(failures), page, found.skipped, doubts)


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
    intervals: bool = False,
    cluster: str | None = None,
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
        Folder or URL, made where missing.
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
    intervals : bool, default False
        Find 90 % intervals of the fractions too.
    cluster : str, optional
        Address of a Dask scheduler whose workers segment the images; they need to see the inputs and `out`. The same
        files, bit for bit, where the paths are absolute.
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
    options, out, exports = options or ReadOptions(), as_path(out), check_formats(exports)
    n_phases = segmenter.parameters.n_phases
    # Before the training, which takes its time; labels may say of themselves how many phases there are.
    if labels is None and names is not None and len(names) != n_phases:
        raise ValueError(f"names: {n_phases} phases need as many names, got {len(names)}")
    if labels is None and composition is not None:
        composition.check(names or [f"phase {phase}" for phase in range(n_phases)])
    found = _found(inputs, options)
    paths, painted = _without_labels(found, labels)
    _refuse_overwriting((*paths, *painted.values()), output_names(paths), out, exports)
    refuse_foreign_tables(out, exports, with_report=report, with_model=True)
    decoded = Decoded()
    with workers() as each:
        usual = usual_bands(paths, options, each, decoded)
    failures = train(
        paths, segmenter, labels=labels, options=options, usual=usual, decoded=decoded, on_progress=on_progress
    )
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
        intervals=intervals,
        cluster=cluster,
        usual=usual,
        decoded=decoded,
        on_progress=on_progress,
    )
    later = tuple(item for item in done.failures if item.path not in unreadable)
    return BatchResult(segmenter, done.images, (*failures, *later), done.report, found.skipped, done.doubts)


def _doubts(results: Sequence[ImageResult], fractions: Sequence[Sequence[float]], model: FittedModel) -> dict[str, str]:
    names = [row.name for row in results[0].fractions if not row.is_excluded]
    # Phases of one name are merged in the maps.
    shared = model.shared if tuple(names) == tuple(model.names) else None
    return doubt_phases(shared, len(model.training), names, fractions)


def _read_each(
    paths: Sequence[Path],
    options: ReadOptions,
    usual: Mapping[Path, int],
    decoded: Decoded,
    failures: list[Failure],
    on_progress: OnProgress,
) -> Iterator[Micrograph]:
    """Yield what can be read, and add the rest to `failures`; NothingReadableError in the end where that is all."""
    for index, path in enumerate(paths, start=1):
        item = decoded.read(path, as_usual(options, path, usual))
        on_progress(Progress("read", index, len(paths), path.name))
        if isinstance(item, Failure):
            failures.append(item)
        else:
            yield item
    if len(failures) == len(paths):
        raise NothingReadableError(failures)
    on_progress(Progress("fit", 0, 1, f"{len(paths) - len(failures)} images"))


def _found(inputs: Iterable[str | Path], options: ReadOptions) -> Inputs:
    """Return the inputs without the masks, which may lie beside them."""
    found = find_inputs(inputs)
    return replace(found, images=tuple(without_masks(found.images, options.mask)))


def _without_labels(found: Inputs, labels: str | Path | None) -> tuple[list[Path], dict[Path, Path]]:
    """Tell images from their labels, which may lie beside them."""
    paths = list(found.images)
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
        refuse_foreign(output_paths(out, name, exports), out / f"{name}.json")
