"""What the commands that measure the fields of one material share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from segment.cli.console import Session
from segment.cli.options import read_options

if TYPE_CHECKING:
    from segment.pipeline import ReadOptions
    from segment.pipeline.fields import Fields


class Measured(Protocol):
    """A result of several fields of one material."""

    @property
    def fields(self) -> Fields:
        """The fields, and the files that could not be read."""
        ...

    @property
    def caveats(self) -> tuple[str, ...]:
        """What is to be said of the numbers, a sentence each."""
        ...


def read_material(
    session: Session,
    images: list[str],
    band: str,
    pixel_size: float | None,
    words: Mapping[str, tuple[str, Iterable[str]]],
    mask: Path | None = None,
) -> tuple[list[Path], ReadOptions]:
    """Return the files of one material and how they are read; a wrong option ends the command with exit code 2.

    `words` holds, by the name of an option, its value and those that it may have.
    """
    from segment.io import find_images
    from segment.io.exclude import without_masks

    options = read_options(session, band, pixel_size, mask=mask)
    with session.usage_errors():
        for name, (value, known) in words.items():
            if value not in known:
                raise ValueError(f"{name}: one of {', '.join(known)}, got {value!r}")
    return without_masks(find_images(images), mask), options


def conclude(session: Session, result: Measured, out: Path, content: Mapping[str, Any]) -> None:
    """Print the files that could not be read, the notes, and where the results are."""
    session.report(result.fields.failures)
    for caveat in result.caveats:
        session.say(f"note: {caveat}")
    n_fields = len(result.fields.micrographs)
    session.say(f"{n_fields} fields measured, {len(result.fields.failures)} failed; results in {out}")
    session.emit({"out": out, **content})
