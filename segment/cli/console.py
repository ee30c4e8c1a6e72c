"""What the user sees: one session of the command line, its messages, tables, progress and exit code."""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from segment.explore import Exploration
    from segment.io import Skipped
    from segment.measure import PhaseFraction
    from segment.phases import PhaseComparison
    from segment.pipeline import BatchResult, DemoRow, Failure, RerunResult
    from segment.pipeline.reading import OnProgress, Progress
    from segment.records import Micrograph

FAILED = 1
USAGE = 2


class Session:
    """One run of a command: turns errors into one line on standard error, and failures into the exit code.

    Parameters
    ----------
    as_json : bool
        Print the result as JSON on standard output, and nothing else there.
    is_quiet : bool
        Print errors only.
    """

    def __init__(self, as_json: bool, is_quiet: bool) -> None:
        self.as_json = as_json
        self.is_quiet = is_quiet
        self.failures: list[Failure] = []
        self.has_differences = False
        self._caught = warnings.catch_warnings()

    def __enter__(self) -> Session:
        self._caught.__enter__()
        warnings.simplefilter("ignore" if self.is_quiet else "default")
        for category in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
            warnings.simplefilter("ignore", category)
        warnings.showwarning = _show_warning
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._caught.__exit__(kind, error, trace)
        if isinstance(error, (ValueError, OSError, MemoryError, RuntimeError)) and not isinstance(error, typer.Exit):
            # The reader of a pipe went away (`| head`): nothing is left to say.
            if isinstance(error, BrokenPipeError):
                return
            self.report(getattr(error, "failures", ()))
            _complain(" ".join(str(error).split()) or type(error).__name__)
            raise typer.Exit(FAILED) from error
        if isinstance(error, KeyboardInterrupt):
            typer.echo("interrupted: finished files are complete, and --resume continues from them", err=True)
        if error is None and (self.failures or self.has_differences):
            raise typer.Exit(FAILED)

    @contextmanager
    def usage_errors(self) -> Iterator[None]:
        """Turn a ValueError inside the block into exit code 2."""
        try:
            yield
        except ValueError as error:
            _complain(str(error))
            raise typer.Exit(USAGE) from error

    @contextmanager
    def progress(self) -> Iterator[OnProgress]:
        """Give a callback that draws a progress bar on standard error, if that is a terminal."""
        if self.is_quiet or not sys.stderr.isatty():
            yield lambda progress: None
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        columns = (TextColumn("{task.description:<8}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Bar(*columns, TextColumn("{task.fields[name]}"), console=Console(stderr=True), transient=True) as bar:
            tasks: dict[str, Any] = {}

            def advance(progress: Progress) -> None:
                if progress.stage not in tasks:
                    tasks[progress.stage] = bar.add_task(progress.stage, total=progress.total, name=progress.name)
                bar.update(
                    tasks[progress.stage],
                    completed=progress.done,
                    total=progress.total,
                    name=progress.name,
                    refresh=True,
                )

            yield advance

    def say(self, text: str) -> None:
        """Print a line for people."""
        if not (self.is_quiet or self.as_json):
            typer.echo(text)

    def emit(self, content: Any) -> None:
        """Print `content` as JSON where that was asked for."""
        if self.as_json:
            typer.echo(json.dumps(content, indent=2, ensure_ascii=False, default=str))

    def report(self, failures: Iterable[Failure]) -> None:
        """Print one line for every failure, and remember it for the exit code."""
        for item in failures:
            self.failures.append(item)
            _complain(item.message)

    def skip(self, skipped: Iterable[Skipped]) -> None:
        """Print one line for every file that is no input."""
        if not self.is_quiet:
            for item in skipped:
                typer.echo(f"skipped: {item.path}: {item.reason}", err=True)

    def print_batch(self, done: BatchResult, out: Path) -> None:
        """Print the fractions of a batch, its failures, and where the results are."""
        from dataclasses import asdict

        from segment.batch import NOWHERE, remark_on_maps

        self.report(done.failures)
        self.skip(done.skipped)
        model = done.segmenter.model
        names, chosen = model.names, model.chosen
        table = _table("image", "window", *names)
        for image in done.images:
            proportions = [_share(row) for row in image.fractions if not row.is_excluded]
            window = "" if image.window_px is None else f"{image.window_px:.3g} px"
            table.add_row(image.name + (" (kept)" if image.is_resumed else ""), window, *proportions)
        if model.shared is not None and model.shared.replicability is not None and done.images:
            again = ("-" if value is None else f"{value:.2f}" for value in model.shared.replicability)
            table.add_section()
            table.add_row("found again in halves", "", *again)
        self._show(table)
        for image in done.images:
            for note in image.notes:
                self.say(f"{image.name}: {note}")
        every = [[row.fraction for row in image.fractions if not row.is_excluded] for image in done.images]
        said = remark_on_maps(every, names, [image.name for image in done.images]) if every else []
        remarks = [*said, *model.remark(name for name, why in done.doubts.items() if why == NOWHERE)]
        for remark in remarks:
            self.say(f"Note: {remark}")
        if chosen is not None:
            self.say(f"Features: {chosen.reason}")
        passed = f", {len(done.skipped)} skipped" if done.skipped else ""
        self.say(f"{len(done.images)} segmented, {len(done.failures)} failed{passed}; results in {out}")
        if done.report is not None:
            self.say(f"Report in {done.report}")
        self.emit(
            {
                "out": out,
                "report": done.report,
                "remarks": remarks,
                "chosen": None if chosen is None else chosen.to_json(),
                "images": [
                    {
                        "path": image.path,
                        "name": image.name,
                        "is_resumed": image.is_resumed,
                        "window_px": image.window_px,
                        "notes": image.notes,
                        "fractions": [asdict(row) for row in image.fractions],
                    }
                    for image in done.images
                ],
                "failures": [asdict(item) for item in done.failures],
                "skipped": [asdict(item) for item in done.skipped],
            }
        )

    def print_rerun(self, results: Sequence[RerunResult]) -> None:
        """Print what came of every side-car and what differs; labels that do count as a failure."""
        from dataclasses import asdict

        for item in results:
            if not item.is_done:
                verdict = "could not be segmented again" if item.what == "labels" else "could not be measured again"
            elif item.is_same:
                verdict = f"the same {item.what}, bit for bit"
            else:
                pixels = "" if item.changed_pixels is None else f", {item.changed_pixels} pixels changed"
                verdict = f"other {item.what}{pixels}"
                if not item.differences:
                    verdict += "; all else is as recorded, so the computer differs or the side-car was edited"
            self.has_differences |= not item.is_same
            if not self.as_json and (not self.is_quiet or not item.is_same):
                typer.echo(f"{item.side_car}: {verdict}", err=not item.is_same)
                for found in item.differences:
                    line = f"  {found.kind} {found.name}: recorded {found.recorded}, found {found.found}"
                    typer.echo(line, err=not item.is_same)
        self.emit([asdict(item) for item in results])

    def print_demo(self, rows: Sequence[DemoRow]) -> None:
        """Print the demonstration's comparison with the truth."""
        table = _table("material", "phase", "truth", "found", "mean IoU", "seconds", right=2)
        for row in rows:
            for index, name in enumerate(row.phases):
                table.add_row(
                    "" if index else row.material,
                    name,
                    f"{100 * row.true_fractions[index]:.1f} %",
                    f"{100 * row.fractions[index]:.1f} %",
                    "" if index else f"{row.mean_iou:.3f}",
                    "" if index else f"{row.seconds:.2f}",
                    end_section=index == len(row.phases) - 1,
                )
        self._show(table)

    def print_phases(self, found: PhaseComparison) -> None:
        """Print every rule's curve over the number of phases, and the number that each suggests."""
        from segment.phases import RULES

        table = _table("phases", *(f"{name}: {rule.title}" for name, rule in RULES.items()), right=0)
        for index, k in enumerate(found.n_phases):
            marks = {name: "  <-" if found.suggestions[name] == k else "    " for name in RULES}
            table.add_row(str(k), *(f"{found.curves[name][index]:.4g}{marks[name]}" for name in RULES))
        self._show(table)
        for name, rule in RULES.items():
            suggested = found.suggestions[name]
            self.say(f"{name} suggests {'none of them' if suggested is None else suggested}: {rule.reason}")
        self.say(f"From {found.n_pixels} pixels. These are suggestions: what you know of the material comes first.")

    def print_candidates(self, found: Exploration) -> None:
        """Print the distinct candidates of an exploration."""
        table = _table("number", "phases", "features", "scale", "flatten", "smoothness", "stable", "agrees", right=3)
        for item in found.candidates:
            values = item.parameters
            table.add_row(
                *(str(item.number), str(values.n_phases), values.features, f"{values.scale:g}", str(values.flatten)),
                *(f"{values.smoothness:g}", f"{item.stability:.2f}", f"{item.agreement:.2f}"),
            )
        self._show(table)
        self.say(f"{len(found.candidates)} distinct maps of {found.n_tried} tried")

    def print_info(self, micrographs: Sequence[Micrograph]) -> None:
        """Print what was read from each file."""
        table = _table("file", "size", "type", "pixel size", "from", "confidence", "band", "band from", right=9)
        for item in micrographs:
            height, width = item.read_shape
            edge, top = item.calibration.pixel_size_um, item.band.top
            table.add_row(
                str(item.path),
                f"{width} x {height}",
                f"{item.dtype} {item.channels}",
                "unknown" if edge is None else f"{edge:.6g} µm",
                item.calibration.source,
                item.calibration.confidence,
                "none" if top is None else f"rows {top} to {height - 1}",
                item.band.source,
            )
        self._show(table)
        for item in micrographs:
            if item.band.reason:
                self.say(f"{item.path}: band from row {item.band.top}: {item.band.reason}")
            for note in item.notes:
                self.say(f"{item.path}: {note}")
        self.emit([_described(item) for item in micrographs])

    def _show(self, table: Table) -> None:
        if self.is_quiet or self.as_json or not table.row_count:
            return
        from rich.console import Console

        # Into a pipe or a file, a table is as wide as its content: nothing is cut.
        width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 1000
        Console(width=width, soft_wrap=False).print(table)


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    typer.echo(f"warning: {' '.join(str(message).split())}", err=True)


def _complain(text: str) -> None:
    typer.echo(f"error: {text}", err=True)


def _share(row: PhaseFraction) -> str:
    """Return a fraction in per cent, with its interval where there is one."""
    stated = "" if row.low is None or row.high is None else f" ({100 * row.low:.0f}-{100 * row.high:.0f})"
    return f"{100 * row.fraction:.1f} %{stated}"


def _table(*headings: str, right: int = 1) -> Table:
    """Return an empty table; columns from index `right` on are numbers, set to the right."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for index, heading in enumerate(headings):
        table.add_column(heading, justify="right" if index >= right else "left", overflow="fold")
    return table


def _described(item: Micrograph) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "path": item.path,
        "sha256": item.sha256,
        "shape": item.image.shape,
        "read_shape": item.read_shape,
        "dtype": item.dtype,
        "channels": item.channels,
        "band": asdict(item.band),
        "calibration": asdict(item.calibration),
        "notes": item.notes,
    }
