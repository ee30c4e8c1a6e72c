"""Write synthetic micrographs as labelled data sets."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import tifffile

from segment.io import atomic_path, write_png, write_text
from segment.samples.materials import MATERIALS
from segment.samples.sample import Sample, make_micrograph


def write_samples(
    folder: str | Path,
    n: int,
    *,
    materials: Iterable[str] | None = None,
    shape: tuple[int, int] = (512, 640),
    seed: int = 0,
    band: bool = True,
    suffix: str = ".tif",
) -> list[Path]:
    """Write `n` micrographs of each material, one data set a material.

    Each set has ``images/``, ``masks/`` (PNG, phase ids, without the band), ``classes.csv`` (id, name),
    ``scale.csv`` (image, um_per_px) and ``fractions.csv`` (image, then the true area fraction of each phase).

    Parameters
    ----------
    folder : str or Path
        Where to; made where missing. The sets are ``folder/<material>``.
    n : int
        Micrographs a material; the i-th is made with ``seed + i``.
    materials : iterable of str, optional
        Keys of `MATERIALS` or `COLOURED`; all of `MATERIALS` by default.
    shape : (int, int), default (512, 640)
        Height and width in pixels, without the band.
    seed : int, default 0
        Same arguments, same pixels.
    band : bool, default True
        Whether the images have an information band at their foot.
    suffix : {".tif", ".png"}, default ".tif"
        TIFFs carry the pixel size as an ImageJ scale; PNGs do not carry it.

    Returns
    -------
    list of Path
        The images, material by material.

    Raises
    ------
    ValueError
        `n` is below 1, `suffix` or a material is unknown, `shape` is too small.
    OutputError
        The folder cannot be written to.

    Examples
    --------
    >>> import tempfile
    >>> paths = write_samples(tempfile.mkdtemp(), 2, materials=["ductile_iron"], shape=(64, 64))
    >>> [path.name for path in paths]
    ['ductile_iron-000.tif', 'ductile_iron-001.tif']
    """
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}")
    if suffix not in (".tif", ".png"):
        raise ValueError(f"suffix must be '.tif' or '.png', got {suffix!r}")
    paths = []
    for material in MATERIALS if materials is None else materials:
        home = Path(folder) / material
        scales, fractions = ["image,um_per_px"], []
        names: tuple[str, ...] = ()
        for i in range(n):
            sample = make_micrograph(material, shape=shape, seed=seed + i, band=band)
            names = sample.names
            stem = f"{material}-{i:03d}"
            paths.append(home / "images" / (stem + suffix))
            _write_image(paths[-1], sample)
            write_png(home / "masks" / f"{stem}.png", sample.truth)
            scales.append(f"{stem},{sample.pixel_size_um:g}")
            fractions.append(",".join([stem, *(f"{fraction:.6f}" for fraction in sample.fractions)]))
        write_text(home / "classes.csv", _lines(["id,name", *(f"{i},{name}" for i, name in enumerate(names))]))
        write_text(home / "scale.csv", _lines(scales))
        write_text(home / "fractions.csv", _lines([",".join(["image", *names]), *fractions]))
    return paths


def _write_image(path: Path, sample: Sample) -> None:
    if path.suffix == ".png":
        write_png(path, sample.image)
        return
    per_um = 1 / sample.pixel_size_um
    with atomic_path(path) as temporary:
        tifffile.imwrite(temporary, sample.image, imagej=True, resolution=(per_um, per_um), metadata={"unit": "um"})


def _lines(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"
