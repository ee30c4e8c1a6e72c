"""A folder of files that go wrong, each in its own way."""

from __future__ import annotations

import io
import struct

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from segment import Segmenter
from segment.io import ImageReadError, find_inputs, read_micrograph, write_png
from segment.pipeline import run

RNG = np.random.default_rng(0)
PICTURE = np.clip(
    128 + 50 * np.sign(cv2.GaussianBlur(RNG.normal(size=(60, 80)), (0, 0), 4)) + RNG.normal(0, 8, (60, 80)), 0, 255
).astype(np.uint8)


def grains(seed):
    return np.roll(PICTURE, 7 * seed, axis=1)


def encoded():
    """Return the bytes of a picture in every format."""
    rgb = np.repeat(PICTURE[..., None], 3, axis=2)
    found = {kind: cv2.imencode(f".{kind}", PICTURE)[1].tobytes() for kind in ("png", "jpg", "bmp", "jp2", "pgm")}
    found["webp"] = cv2.imencode(".webp", rgb)[1].tobytes()
    for kind, options in (("tif", {}), ("tiff", {"compression": "zlib"})):
        with io.BytesIO() as stream:
            tifffile.imwrite(stream, PICTURE, **options)
            found[kind] = stream.getvalue()
    with io.BytesIO() as stream:
        np.save(stream, PICTURE)
        found["npy"] = stream.getvalue()
    return found


def spoil(folder):
    """Write files that cannot be read, and return what is to be said of each."""
    said = {}
    for kind, data in encoded().items():
        for part, share in (("half", 0.6), ("head", 0.02)):
            (folder / f"{part}_{kind}.{kind}").write_bytes(data[: max(4, int(share * len(data)))])
            said[f"{part}_{kind}.{kind}"] = "truncated|damaged|not an image|no image"
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.tif").write_text("a text")
    tifffile.imwrite(folder / "nan.tif", np.full((20, 30), np.nan, np.float32))
    tifffile.imwrite(folder / "stack.tif", np.stack([PICTURE] * 3), photometric="minisblack")
    np.save(folder / "complex.npy", PICTURE.astype(complex))
    np.save(folder / "cube.npy", np.zeros((4, 5, 6, 7)))
    wide = bytearray(encoded()["tif"])
    with tifffile.TiffFile(io.BytesIO(bytes(wide))) as tiff:
        tag = tiff.pages.first.tags["ImageWidth"]
    struct.pack_into("<I" if tag.dtype == 4 else "<H", wide, tag.valueoffset, 60000)
    (folder / "wide.tif").write_bytes(wide)
    large = bytearray(encoded()["png"])
    large[16:20] = struct.pack(">I", 60000)
    (folder / "large.png").write_bytes(large)
    return said | {
        "empty.png": "empty",
        "text.tif": "not an image",
        "nan.tif": "no pixel holds a number",
        "stack.tif": "3 images of 80 x 60",
        "complex.npy": "complex128",
        "cube.npy": "shape",
        "wide.tif": "truncated",
        "large.png": "damaged",
    }


def test_a_folder_of_awkward_files_is_finished_and_each_is_reported(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    said = spoil(folder)
    good = {"good": PICTURE, "turned": PICTURE[::-1], "one": PICTURE[:1, :1], "row": np.tile(PICTURE[:2], (1, 750))}
    for name, pixels in good.items():
        cv2.imwrite(str(folder / f"{name}.png"), pixels)
    broken = np.repeat(PICTURE[..., None], 3, axis=2).astype(np.float32) / 255
    broken[10:20, 10:20, 1] = np.nan
    tifffile.imwrite(folder / "rgb_nan.tif", broken, photometric="rgb")
    lies = [(34682, "s", 0, "[Scan]\r\nPixelWidth=0\r\nPixelHeight=0\r\n", True)]
    tifffile.imwrite(folder / "lie.tif", PICTURE, extratags=lies)
    assert len(list(folder.iterdir())) >= 30
    with pytest.warns(RuntimeWarning, match="one: has a single grey level"):
        done = run([folder], Segmenter(2, preset="pixel", tol=1e-1), tmp_path / "out")
    failed = {item.path.name: item.message for item in done.failures}
    assert failed.keys() == said.keys()
    for name, words in said.items():
        assert name in failed[name]
        assert any(word in failed[name] for word in words.split("|")), failed[name]
    assert {result.path.stem for result in done.images} == {*good, "rgb_nan", "lie"}
    rows = (tmp_path / "out" / "fractions.csv").read_text().splitlines()
    assert {row.split(",")[0] for row in rows[1:]} == {*good, "rgb_nan", "lie"}
    notes = {result.path.stem: " ".join(result.notes) for result in done.images}
    assert "excluded" in notes["rgb_nan"]
    assert "not used: it gives pixels of 0 um" in notes["lie"]


@pytest.mark.parametrize(
    ("share", "words"), [(1.0, "every pixel is excluded"), (0.65, ""), (None, "the image has 80 x 60")]
)
def test_masks_of_every_kind_are_used_or_named(tmp_path, share, words):
    cv2.imwrite(str(tmp_path / "a.png"), PICTURE)
    valid = np.random.default_rng(1).random(PICTURE.shape if share else (30, 40)) >= (share or 0)
    cv2.imwrite(str(tmp_path / "m.png"), 255 * valid.astype(np.uint8))
    from segment.pipeline import ReadOptions
    from segment.pipeline.reading import Failure, read_one

    found = read_one(tmp_path / "a.png", ReadOptions(mask=str(tmp_path / "m.png")))
    if words:
        assert isinstance(found, Failure)
        assert words in found.message
        assert "a.png" in found.message or "m.png" in found.message
    else:
        assert found.valid.mean() == pytest.approx(0.35, abs=0.02)
        phases = Segmenter(2, tol=1e-2).fit_predict(found)
        assert phases.fractions.sum() == pytest.approx(1)
        assert np.all((phases.labels == 255) == ~found.valid)


def test_the_first_of_several_images_is_said(tmp_path):
    frames = [Image.fromarray(grains(seed)) for seed in range(3)]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:], duration=100)
    coloured = [frame.convert("RGB") for frame in frames]
    coloured[0].save(tmp_path / "a.webp", save_all=True, append_images=coloured[1:], duration=100, lossless=True)
    frames[0].copy().save(tmp_path / "a.jpg", format="MPO", save_all=True, append_images=frames[1:])
    for name, kind in (("a.png", "PNG"), ("a.webp", "WebP"), ("a.jpg", "JPEG")):
        found = read_micrograph(tmp_path / name)
        assert found.notes == (f"the first of 3 images in this {kind} read",)
        assert np.abs(found.image - grains(0) / 255).mean() < 0.03
        with pytest.raises(ImageReadError, match="there is no page 2"):
            read_micrograph(tmp_path / name, page=2)
        Image.fromarray(grains(0)).save(tmp_path / f"one_{name}")
        assert read_micrograph(tmp_path / f"one_{name}").notes == ()


def test_stacks_of_arrays_are_read_by_their_number(tmp_path):
    stack = np.stack([grains(seed) for seed in range(3)])
    np.save(tmp_path / "a.npy", stack)
    with pytest.raises(ImageReadError, match=r"a\.npy.*holds 3 images of 80 x 60 pixels: say which one by --page"):
        read_micrograph(tmp_path / "a.npy")
    found = read_micrograph(tmp_path / "a.npy", page=2)
    np.testing.assert_array_equal(np.rint(255 * found.image), stack[1])
    assert found.notes == ("page 2 of 3, as asked for",)
    with pytest.raises(ImageReadError, match="holds 3 images: there is no page 4"):
        read_micrograph(tmp_path / "a.npy", page=4)
    # Few channels beside many rows are channels.
    np.save(tmp_path / "b.npy", np.moveaxis(np.repeat(stack, 2, axis=0), 0, 2))
    np.testing.assert_array_equal(np.rint(255 * read_micrograph(tmp_path / "b.npy", channel=3).image), stack[1])
    np.save(tmp_path / "c.npy", stack[0])
    with pytest.raises(ImageReadError, match="holds 1 image: there is no page 2"):
        read_micrograph(tmp_path / "c.npy", page=2)


def test_heights_in_metres_are_no_grey_levels(tmp_path):
    heights = 1e-9 * grains(0).astype(np.float64)
    tifffile.imwrite(tmp_path / "a.tif", heights)
    found = read_micrograph(tmp_path / "a.tif")
    assert found.levels == pytest.approx(np.quantile(heights, (0.001, 0.999)))
    assert found.image.std() > 0.1
    # Floats that span grey levels stay as they are, and so does a given range.
    tifffile.imwrite(tmp_path / "b.tif", np.float32(0.5 + 1e6 * heights))
    assert read_micrograph(tmp_path / "b.tif").levels is None
    assert read_micrograph(tmp_path / "a.tif", grey_range=(0, 1)).image.max() < 1e-6


def test_links_that_lead_nowhere_and_folders_are_named(tmp_path):
    write_png(tmp_path / "a.png", grains(0))
    (tmp_path / "b.png").symlink_to(tmp_path / "gone.png")
    found = find_inputs([tmp_path])
    assert [path.name for path in found.images] == ["a.png", "b.png"]
    with pytest.raises(ImageReadError, match=r"b\.png': No such file"):
        read_micrograph(tmp_path / "b.png")
    (tmp_path / "c.png").mkdir()
    with pytest.raises(ImageReadError, match=r"c\.png': Is a directory"):
        read_micrograph(tmp_path / "c.png")
