"""One image of a batch: read, segmented and written, or kept from an earlier run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from segment.composition import Composition
from segment.io.location import absolute
from segment.measure import PhaseFraction
from segment.model import Segmenter
from segment.pipeline.banding import as_usual
from segment.pipeline.outputs import write_result
from segment.pipeline.reading import Decoded, Failure, ReadOptions, failure
from segment.pipeline.reporting import kept_field, new_field
from segment.pipeline.resume import kept_result
from segment.records import PhaseMap
from segment.report import ReportField


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
    notes : tuple of str
        What was chosen or corrected on the way from the file to the results, a sentence each.
    """

    path: Path
    name: str
    fractions: tuple[PhaseFraction, ...]
    is_resumed: bool
    window_px: float | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ImageTask:
    """What all images of a batch have in common; it means the same on another machine that sees the same files.

    Attributes
    ----------
    segmenter : Segmenter
        Fitted.
    out : Path
    options : ReadOptions
    exports : tuple of str
    composition : Composition or None
    resume : bool
    with_report : bool
        Whether a field of the report is made as well.
    with_intervals : bool
        Whether the fractions get intervals.
    usual : mapping of Path to int
        Where others have their bands, for the images that have theirs elsewhere.
    decoded : Decoded
        Images that an earlier step has read.
    """

    segmenter: Segmenter
    out: Path
    options: ReadOptions
    exports: tuple[str, ...]
    composition: Composition | None
    resume: bool
    with_report: bool
    with_intervals: bool = False
    usual: Mapping[Path, int] = field(default_factory=dict)
    decoded: Decoded = field(default_factory=Decoded)

    def elsewhere(self) -> ImageTask:
        """Return the task with paths that mean the same from any folder."""
        mask = self.options.mask
        options = self.options if mask is None else replace(self.options, mask=str(absolute(Path(mask))))
        usual = {absolute(path): row for path, row in self.usual.items()}
        return replace(self, out=absolute(self.out), options=options, usual=usual, decoded=Decoded())


def segment_image(task: ImageTask, item: tuple[Path, str]) -> tuple[ImageResult, ReportField | None] | Failure:
    """Segment one image, write its results, and say what was done; a file that cannot be read is a Failure.

    `item` holds the path of the image, and what its output files start with.
    """
    path, name = item
    model = task.segmenter.model
    task = replace(task, options=as_usual(task.options, path, task.usual))
    if task.resume:
        kept = kept_result(
            path, task.out, name, model, task.options, task.exports, task.composition, intervals=task.with_intervals
        )
        if kept is not None:
            page = (
                kept_field(task.out, name, task.decoded.take(path, task.options), kept[0]) if task.with_report else None
            )
            if page is not None or not task.with_report:
                return ImageResult(path, name, kept[0], True, kept[1]), page
    mapped = _segmented(task, path)
    if isinstance(mapped, Failure):
        return mapped
    rows = write_result(task.out, name, mapped, model, task.options, task.exports, task.composition)
    seen, notes = mapped.treatment.neighbourhood, mapped.micrograph.notes
    if path.stem not in name:
        notes += (f"its results are called {name}: the name is too long for a file",)
    window = None if seen is None else seen.window_px
    page = new_field(name, mapped, model, rows) if task.with_report else None
    return ImageResult(path, name, rows, False, window, notes), page


def _segmented(task: ImageTask, path: Path) -> PhaseMap | Failure:
    micrograph = task.decoded.take(path, task.options)
    if isinstance(micrograph, Failure):
        return micrograph
    try:
        known = {} if task.composition is None else task.composition.to_json()
        return task.segmenter.predict(micrograph, intervals=task.with_intervals, **known)
    except (ValueError, MemoryError) as error:
        return failure(path, error)
