"""The commands of `segment`. Each imports what it needs when it runs, so that `--help` is quick."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from segment.cli.console import Session

if TYPE_CHECKING:
    from segment.composition import Composition
    from segment.model import Segmenter
    from segment.pipeline import ReadOptions

app = typer.Typer(
    name="segment",
    help="Segment micrographs into phases without labels.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Images = Annotated[list[str], typer.Argument(help="Image files, folders or quoted glob patterns.", show_default=False)]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")]
Phases = Annotated[int | None, typer.Option("--phases", "-k", help="Number of phases [preset: 3].", show_default=False)]
Preset = Annotated[
    str, typer.Option(help="Named settings: default, pixel, high_sparsity, fine_detail; or a preset file (.toml).")
]
Features = Annotated[str | None, typer.Option(help="Feature set [preset: texture].", show_default=False)]
Size = Annotated[
    str | None,
    typer.Option(help="'native', or the edge in pixels images are resized to [preset: native].", show_default=False),
]
Clahe = Annotated[
    bool | None, typer.Option("--clahe/--no-clahe", help="Equalise contrast locally first.", show_default=False)
]
Smoothness = Annotated[
    float | None,
    typer.Option(help="How much neighbouring pixels are drawn together [preset: 0].", show_default=False),
]
MinRegion = Annotated[
    str | None,
    typer.Option(
        "--min-region",
        help="Smallest region that is kept, in pixels, or as '0.5um2' [preset: 0].",
        show_default=False,
    ),
]
Seed = Annotated[int, typer.Option(help="Seed of every random choice.")]
BandOption = Annotated[str, typer.Option("--band", help="Information band: 'auto', 'none', or its first row.")]
PixelSize = Annotated[
    float | None,
    typer.Option("--pixel-size", help="Edge of a pixel in micrometres, over the file's own.", show_default=False),
]
Names = Annotated[
    str | None,
    typer.Option(
        "--names",
        help="Names of the phases, darkest first (with --labels by their ids), separated by commas.",
        show_default=False,
    ),
]
Labels = Annotated[
    Path | None,
    typer.Option(
        help="Painted pixels that teach the phases: NAME_labels.png or NAME.png, or a folder of them, with the ids "
        "0, 1, ... and 255 where nothing is painted.",
        show_default=False,
    ),
]
Fractions = Annotated[
    str | None,
    typer.Option(
        "--fractions",
        help="Known area fractions of every image: 'a=0.7,b=0.3', '0.7,0.3' from dark to bright, or 'auto'.",
        show_default=False,
    ),
]
Densities = Annotated[
    str | None,
    typer.Option(help="Densities, written alike: the fractions are then by weight.", show_default=False),
]
Sigma = Annotated[float, typer.Option("--fraction-sigma", help="Uncertainty of the fractions, one sigma.")]
Hard = Annotated[bool, typer.Option("--hard", help="Meet the fractions to the pixel.")]
Strict = Annotated[bool, typer.Option("--strict", help="Leave labels unguided where the fractions fight the image.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")]
Resume = Annotated[bool, typer.Option("--resume", help="Keep finished results of the same input, model and options.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
Report = Annotated[bool, typer.Option("--report", help="Write report.html, one page that holds everything.")]
Export = Annotated[
    list[str] | None,
    typer.Option(
        "--export", help="Further format, repeatable: ome-tiff, imagej, npz, geojson, parquet.", show_default=False
    ),
]


@app.command()
def demo(
    out: Out = Path("out/demo"),
    features: Features = None,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make synthetic micrographs of several materials, segment them, and compare with the truth."""
    with Session(json, quiet) as session:
        from dataclasses import asdict

        from segment.model import Segmenter
        from segment.pipeline import run_demo
        from segment.pipeline.demo import SUMMARY

        with session.usage_errors():
            Segmenter(features=features, random_state=seed)
        with session.progress() as advance:
            rows = run_demo(
                out,
                make_segmenter=lambda k: Segmenter(k, features=features, random_state=seed),
                seed=seed,
                on_progress=advance,
            )
        session.print_demo(rows)
        session.say(f"Results in {out}, summary in {out / SUMMARY}")
        session.emit({"out": out, "summary": out / SUMMARY, "materials": [asdict(row) for row in rows]})


@app.command()
def train(
    images: Images,
    out: Annotated[Path, typer.Option("--out", "-o", help="Model file to write.")] = Path("model.npz"),
    labels: Labels = None,
    k: Phases = None,
    preset: Preset = "default",
    features: Features = None,
    size: Size = None,
    clahe: Clahe = None,
    smoothness: Smoothness = None,
    min_region: MinRegion = None,
    seed: Seed = 0,
    band: BandOption = "auto",
    pixel_size: PixelSize = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Learn phases from images and write them to a model file."""
    with Session(json, quiet) as session:
        from dataclasses import asdict

        from segment.io import find_images
        from segment.pipeline import train as train_files

        options = read_options(session, band, pixel_size)
        segmenter = _segmenter(
            session, k, preset, features, size, clahe, smoothness, _region(session, min_region, images, options), seed
        )
        with session.usage_errors():
            if out.suffix != ".npz":
                raise ValueError(f"--out: a model file ends in .npz, got '{out}'")
        paths = find_images(images)
        with session.progress() as advance:
            failures = train_files(paths, segmenter, labels=labels, options=options, on_progress=advance)
        segmenter.save(out)
        model = segmenter.model
        session.report(failures)
        session.say(f"Trained {len(model.names)} phases on {len(model.training)} images: {out}")
        session.emit(
            {
                "model": out,
                "sha256": model.digest,
                "parameters": model.parameters.to_json(),
                "phases": model.names,
                "n_iter": model.n_iter,
                "is_converged": model.is_converged,
                "training": model.training,
                "failures": [asdict(item) for item in failures],
            }
        )


@app.command()
def apply(
    model: Annotated[Path, typer.Argument(help="Model file that `segment train` wrote.", show_default=False)],
    images: Images,
    out: Out = Path("out"),
    band: BandOption = "auto",
    pixel_size: PixelSize = None,
    resume: Resume = False,
    report: Report = False,
    export: Export = None,
    names: Names = None,
    fractions: Fractions = None,
    densities: Densities = None,
    fraction_sigma: Sigma = 0.05,
    hard: Hard = False,
    strict: Strict = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Segment images with a trained model."""
    with Session(json, quiet) as session:
        from segment.model import Segmenter
        from segment.pipeline import apply as apply_to_files

        options = read_options(session, band, pixel_size)
        composition = _composition(session, fractions, densities, fraction_sigma, hard, strict)
        exports = _exports(session, export)
        segmenter = Segmenter.load(model)
        if names is not None:
            with session.usage_errors():
                segmenter.name_phases(_split(names) or ())
        with session.progress() as advance:
            done = apply_to_files(
                segmenter,
                images,
                out,
                options=options,
                resume=resume,
                exports=exports,
                report=report,
                composition=composition,
                on_progress=advance,
            )
        session.print_batch(done, out)


@app.command()
def run(
    images: Images,
    out: Out = Path("out"),
    labels: Labels = None,
    k: Phases = None,
    preset: Preset = "default",
    features: Features = None,
    size: Size = None,
    clahe: Clahe = None,
    smoothness: Smoothness = None,
    min_region: MinRegion = None,
    seed: Seed = 0,
    band: BandOption = "auto",
    pixel_size: PixelSize = None,
    resume: Resume = False,
    report: Report = False,
    export: Export = None,
    names: Names = None,
    fractions: Fractions = None,
    densities: Densities = None,
    fraction_sigma: Sigma = 0.05,
    hard: Hard = False,
    strict: Strict = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Learn phases from images and segment the same images."""
    with Session(json, quiet) as session:
        from segment.pipeline import run as run_files

        options = read_options(session, band, pixel_size)
        composition = _composition(session, fractions, densities, fraction_sigma, hard, strict)
        exports = _exports(session, export)
        segmenter = _segmenter(
            session, k, preset, features, size, clahe, smoothness, _region(session, min_region, images, options), seed
        )
        with session.progress() as advance:
            done = run_files(
                images,
                segmenter,
                out,
                labels=labels,
                options=options,
                resume=resume,
                exports=exports,
                report=report,
                names=_split(names),
                composition=composition,
                on_progress=advance,
            )
        session.print_batch(done, out)


@app.command()
def info(
    images: Images,
    band: BandOption = "auto",
    pixel_size: PixelSize = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show how files are read: size, type, pixel size and where it comes from, information band."""
    with Session(json, quiet) as session:
        from segment.io import find_images
        from segment.pipeline.reading import Failure, read_one

        options = read_options(session, band, pixel_size)
        items = [read_one(path, options) for path in find_images(images)]
        session.print_info([item for item in items if not isinstance(item, Failure)])
        session.report([item for item in items if isinstance(item, Failure)])


@app.command()
def rerun(
    side_cars: Annotated[list[Path], typer.Argument(help="NAME.json of an earlier result.", show_default=False)],
    image: Annotated[
        Path | None, typer.Option(help="Where the input lies now [its recorded path].", show_default=False)
    ] = None,
    train: Annotated[
        list[str] | None,
        typer.Option("--train", help="Learn again too, from images in this file, folder or glob.", show_default=False),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make the labels of earlier results again, bit for bit, or say what differs. Nothing is written."""
    with Session(json, quiet) as session:
        from segment.pipeline import rerun as rerun_file

        with session.usage_errors():
            if image is not None and len(side_cars) > 1:
                raise ValueError(f"--image: belongs to one side-car, got {len(side_cars)}")
        session.print_rerun([rerun_file(path, image=image, training=train) for path in side_cars])


@app.command()
def ui(
    port: Annotated[
        int | None, typer.Option(help="Port on this machine [7860, or any free one].", show_default=False)
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")] = True,
    file_mb: Annotated[int, typer.Option(help="Largest file that is taken, in megabytes.", min=1)] = 200,
    megapixels: Annotated[int, typer.Option(help="Largest image that is taken, in millions of pixels.", min=1)] = 32,
) -> None:
    """Open the web app: drop images, look, adjust, name phases, download. It talks to this machine only."""
    with Session(False, False):
        from importlib.util import find_spec

        from segment.app.limits import Limits
        from segment.app.server import serve

        if find_spec("gradio") is None:
            raise RuntimeError("the web app needs Gradio: pip install 'nmfcore[segment,app]'")

        def ready(address: str) -> None:
            typer.echo(f"Segment is open at {address} on this machine; Ctrl-C ends it.")
            if browser:
                import webbrowser

                webbrowser.open(address)

        serve(port, Limits(file_mb, megapixels, 2 * megapixels), ready)


def main() -> None:
    """Run the command line; the console entry point."""
    app(prog_name="segment")


def read_options(session: Session, band: str, pixel_size: float | None) -> ReadOptions:
    """Return how files are read; a wrong value ends the command with exit code 2."""
    import math

    from segment.pipeline import ReadOptions

    with session.usage_errors():
        if band not in ("auto", "none") and not (band.isdecimal() and int(band) > 0):
            raise ValueError(f"--band: 'auto', 'none' or a row from 1, got {band!r}")
        if pixel_size is not None and not (math.isfinite(pixel_size) and pixel_size > 0):
            raise ValueError(f"--pixel-size: a positive number of micrometres, got {pixel_size}")
    return ReadOptions(int(band) if band.isdecimal() else band, pixel_size)


def _composition(
    session: Session, fractions: str | None, densities: str | None, sigma: float, hard: bool, strict: bool
) -> Composition | None:
    from segment.composition import Composition

    with session.usage_errors():
        if fractions is None:
            if densities is not None or hard or strict:
                raise ValueError("--densities, --hard and --strict say how to use --fractions, which is missing")
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


def _split(names: str | None) -> list[str] | None:
    return None if names is None else [name.strip() for name in names.split(",")]


def _exports(session: Session, chosen: list[str] | None) -> tuple[str, ...]:
    from segment.interchange import check_formats

    with session.usage_errors():
        return check_formats(chosen or ())


def _region(session: Session, text: str | None, images: list[str], options: ReadOptions) -> int | None:
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


def _segmenter(
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
