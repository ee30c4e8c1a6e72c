"""Options that several commands share, and how their words are read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from segment.cli.console import Session

if TYPE_CHECKING:
    from segment.composition import Composition
    from segment.model import Segmenter
    from segment.pipeline import ReadOptions


def read_path(text: str) -> Path:
    """Return the path, or the place of a URL such as ``s3://bucket/folder``."""
    from segment.io.location import as_path

    try:
        return as_path(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


Images = Annotated[
    list[str], typer.Argument(help="Image files, folders, quoted glob patterns or URLs.", show_default=False)
]
Out = Annotated[
    Path, typer.Option("--out", "-o", help="Folder for the results, or its URL.", parser=read_path, metavar="PATH")
]
Cluster = Annotated[
    str | None,
    typer.Option(
        help="Address of a Dask scheduler whose workers do the work (default: this process).", show_default=False
    ),
]
Phases = Annotated[int | None, typer.Option("--phases", "-k", help="Number of phases (preset: 3).", show_default=False)]
Preset = Annotated[
    str, typer.Option(help="Named settings: default, pixel, high_sparsity, fine_detail; or a preset file (.toml).")
]
Features = Annotated[str | None, typer.Option(help="Feature set (preset: texture).", show_default=False)]
Size = Annotated[
    str | None,
    typer.Option(help="Edge in pixels that images are resized to, or 'native' (preset: native).", show_default=False),
]
Clahe = Annotated[
    bool | None,
    typer.Option(
        "--clahe/--no-clahe", help="Equalise the contrast locally before features are taken.", show_default=False
    ),
]
Smoothness = Annotated[
    float | None,
    typer.Option(help="Strength of smoothing between neighbouring pixels (preset: 0, none).", show_default=False),
]
MinRegion = Annotated[
    str | None,
    typer.Option(
        "--min-region",
        help="Smallest region to keep, in pixels or as '0.5um2'; smaller ones join their surroundings (preset: 0).",
        show_default=False,
    ),
]
Seed = Annotated[int, typer.Option(help="Seed of all random numbers.")]
BandOption = Annotated[str, typer.Option("--band", help="Information band: 'auto', 'none', or its first row.")]
PixelSize = Annotated[
    float | None,
    typer.Option(
        "--pixel-size", help="Edge of a pixel in micrometres; replaces what the file says.", show_default=False
    ),
]
Page = Annotated[
    int | None,
    typer.Option(
        "--page",
        help="Image of a TIFF that holds several, counted from 1 (default: the full-size raw one).",
        show_default=False,
    ),
]
Channel = Annotated[
    int | None,
    typer.Option(
        "--channel",
        help="Channel to take as the grey level, counted from 1 (default: all, as colours).",
        show_default=False,
    ),
]
Range = Annotated[
    str | None,
    typer.Option(
        "--range",
        help="Values of the file that become black and white, such as '0,4095'.",
        metavar="LOW,HIGH",
        show_default=False,
    ),
]
Mask = Annotated[
    Path | None,
    typer.Option(
        "--mask",
        help="Image that is 0 where pixels are excluded, or a folder of NAME_mask.png or NAME.png.",
        show_default=False,
    ),
]
ScaleBar = Annotated[
    str,
    typer.Option(
        "--scale-bar", help="Scale bar in the image: 'auto' reads its label, '5um' gives its length, 'none' ignores it."
    ),
]
Colour = Annotated[
    str,
    typer.Option(
        "--colour", help="Colours: 'auto' uses them where they separate more than grey levels do, 'none' never."
    ),
]
Overlays = Annotated[
    str,
    typer.Option(
        "--overlays", help="Scale bars, labels and marks drawn into the image: 'auto' excludes them, 'none' keeps them."
    ),
]
Borders = Annotated[str, typer.Option("--borders", help="Black borders: 'auto' excludes them, 'none' keeps them.")]
Names = Annotated[
    str | None,
    typer.Option(
        "--names",
        help="Names of the phases, separated by commas: darkest first, or with --labels in the order of the ids.",
        show_default=False,
    ),
]
Labels = Annotated[
    Path | None,
    typer.Option(
        help="Painted pixels to learn the phases from: NAME_labels.png or NAME.png, or a folder of them. "
        "Ids 0, 1, ...; 255 where nothing is painted.",
        show_default=False,
    ),
]
Fractions = Annotated[
    str | None,
    typer.Option(
        "--fractions",
        help="Known area fractions of every image: 'a=0.7,b=0.3', from dark to bright '0.7,0.3', or 'auto'.",
        show_default=False,
    ),
]
Densities = Annotated[
    str | None,
    typer.Option(
        help="Densities of the phases, written like --fractions, which are then fractions by weight.",
        show_default=False,
    ),
]
Sigma = Annotated[float, typer.Option("--fraction-sigma", help="Standard deviation of the known fractions.")]
Hard = Annotated[bool, typer.Option("--hard", help="Meet the known fractions exactly.")]
Strict = Annotated[bool, typer.Option("--strict", help="Ignore the known fractions where they contradict the image.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")]
Resume = Annotated[
    bool, typer.Option("--resume", help="Do not repeat finished results of the same input, model and options.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
Intervals = Annotated[
    bool, typer.Option("--intervals", help="Add 90 % intervals of the fractions; takes twice the time.")
]
Report = Annotated[bool, typer.Option("--report", help="Write report.html, a page with all results and pictures.")]
Export = Annotated[
    list[str] | None,
    typer.Option(
        "--export", help="Further format; may be repeated: ome-tiff, imagej, npz, geojson, parquet.", show_default=False
    ),
]


def read_options(
    session: Session,
    band: str,
    pixel_size: float | None = None,
    page: int | None = None,
    channel: int | None = None,
    grey_range: str | None = None,
    mask: Path | None = None,
    borders: str = "auto",
    scale_bar: str = "auto",
    colour: str = "auto",
    overlays: str = "auto",
) -> ReadOptions:
    """Return how files are read; a wrong value ends the command with exit code 2."""
    import math

    from segment.io.vendors.units import length_um
    from segment.pipeline import ReadOptions

    with session.usage_errors():
        if band not in ("auto", "none") and not (band.isdecimal() and int(band) > 0):
            raise ValueError(f"--band: 'auto', 'none' or a row from 1, got {band!r}")
        if pixel_size is not None and not (math.isfinite(pixel_size) and pixel_size > 0):
            raise ValueError(f"--pixel-size: a positive number of micrometres, got {pixel_size}")
        for option, number in (("--page", page), ("--channel", channel)):
            if number is not None and number < 1:
                raise ValueError(f"{option}: counted from 1, got {number}")
        if borders not in ("auto", "none"):
            raise ValueError(f"--borders: 'auto' or 'none', got {borders!r}")
        for option, word in (("--colour", colour), ("--overlays", overlays)):
            if word not in ("auto", "none"):
                raise ValueError(f"{option}: 'auto' or 'none', got {word!r}")
        if mask is not None and not mask.exists():
            raise ValueError(f"--mask: no such file or folder: '{mask}'")
        try:
            bar = scale_bar if scale_bar in ("auto", "none") else length_um(scale_bar)
        except ValueError as error:
            raise ValueError(
                f"--scale-bar: 'auto', 'none' or a length with its unit, as '5um' or '200 nm', got {scale_bar!r}"
            ) from error
        levels = None if grey_range is None else _numbers("--range", grey_range)
        if levels is not None and not (isinstance(levels, list) and len(levels) == 2 and levels[0] < levels[1]):
            raise ValueError(f"--range: two numbers, the lower first, as '0,4095', got {grey_range!r}")
    where = None if mask is None else str(mask)
    top = int(band) if band.isdecimal() else band
    wanted = levels if isinstance(levels, list) else None
    return ReadOptions(top, pixel_size, page, channel, wanted, where, borders, bar, colour, overlays)


def read_composition(
    session: Session, fractions: str | None, densities: str | None, sigma: float, hard: bool, strict: bool
) -> Composition | None:
    """Return what is known of the phase fractions, None where nothing is."""
    from segment.composition import Composition

    with session.usage_errors():
        if fractions is None:
            if densities is not None or hard or strict:
                raise ValueError("--densities, --hard and --strict need --fractions, which is missing")
            return None
        if not sigma > 0:
            raise ValueError(f"--fraction-sigma: a number above 0, got {sigma}")
        by_weight = None if densities is None else _numbers("--densities", densities)
        known = fractions if fractions == "auto" else _numbers("--fractions", fractions)
        return Composition(known, by_weight, sigma, hard, strict)


def _numbers(option: str, text: str) -> dict[str, float] | list[float]:
    """Read 'a=1,b=2' as a mapping, and '1,2' as a list."""
    try:
        if "=" not in text:
            return [float(item) for item in text.split(",")]
        pairs = [item.split("=") for item in text.split(",")]
        return {name.strip(): float(value) for name, value in pairs}
    except ValueError as error:
        raise ValueError(f"{option}: 'name=number,...' or 'number,...', got {text!r}") from error


def read_names(names: str | None) -> list[str] | None:
    """Read 'a, b' as the names of two phases."""
    return None if names is None else [name.strip() for name in names.split(",")]


def read_exports(session: Session, chosen: list[str] | None) -> tuple[str, ...]:
    """Return the further formats that were asked for."""
    from segment.interchange import check_formats

    with session.usage_errors():
        return check_formats(chosen or ())


def read_region(session: Session, text: str | None, images: list[str], options: ReadOptions) -> int | None:
    """Read '25' as pixels and '0.5um2' as an area, by the pixel size that all the images share."""
    if text is None:
        return None
    with session.usage_errors():
        if text.isdecimal():
            return int(text)
        try:
            area = float(text.removesuffix("um2"))
        except ValueError:
            area = -1.0
        if not text.endswith("um2") or not 0 <= area < float("inf"):
            raise ValueError(f"--min-region: a number of pixels, or square micrometres as '0.5um2', got {text!r}")
        sizes = _pixel_sizes(images, options)
        if len(sizes) != 1 or None in sizes:
            found = " and ".join("an unknown one" if size is None else f"{size:g} um" for size in sizes) or "none"
            raise ValueError(f"--min-region: um2 needs one known pixel size, found {found}; give pixels instead")
        return round(area / float(sizes.pop() or 1) ** 2)


def _pixel_sizes(images: list[str], options: ReadOptions) -> set[float | None]:
    from segment.io import find_images
    from segment.pipeline.reading import Failure, read_one

    if options.pixel_size_um is not None:
        return {options.pixel_size_um}
    items = [read_one(path, options) for path in find_images(images)]
    return {item.calibration.pixel_size_um for item in items if not isinstance(item, Failure)}


def make_segmenter(
    session: Session,
    k: int | None,
    preset: str,
    features: str | None,
    size: str | None,
    clahe: bool | None,
    smoothness: float | None,
    min_region: int | None,
    seed: int,
) -> Segmenter:
    """Return the segmenter that the options describe; None stands for the preset's value."""
    from segment.model import Segmenter

    with session.usage_errors():
        edge: Any = int(size) if size is not None and size.isdecimal() else size
        return Segmenter(
            k,
            preset=preset,
            features=features,
            size=edge,
            clahe=clahe,
            smoothness=smoothness,
            min_region=min_region,
            random_state=seed,
        )
