from __future__ import annotations

import contextlib
import hashlib
import logging
import struct
import zlib
from io import BytesIO
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segment.io import ImageReadError, from_array, read_micrograph, write_png

RNG = np.random.default_rng(7)
GREY8 = RNG.integers(0, 256, (20, 31), dtype=np.uint8)
GREY16 = RNG.integers(0, 65536, (20, 31), dtype=np.uint16)
RGB8 = RNG.integers(0, 256, (20, 31, 3), dtype=np.uint8)
RGB16 = RNG.integers(0, 65536, (20, 31, 3), dtype=np.uint16)
LUMA = np.array([0.299, 0.587, 0.114])


def with_alpha(pixels):
    alpha = RNG.integers(1, np.iinfo(pixels.dtype).max, (20, 31, 1)).astype(pixels.dtype)
    return np.concatenate([pixels.reshape(20, 31, -1), alpha], axis=2)


def png(pixels) -> bytes:
    return bytes(imagecodecs.png_encode(pixels))


def tiff(pixels, **options) -> bytes:
    stream = BytesIO()
    tifffile.imwrite(stream, pixels, **options)
    return stream.getvalue()


def bmp(pixels) -> bytes:
    return cv2.imencode(".bmp", pixels[..., ::-1] if pixels.ndim == 3 else pixels)[1].tobytes()


def jpeg(pixels) -> bytes:
    return bytes(imagecodecs.jpeg8_encode(pixels, level=95))


def jpeg2000(pixels) -> bytes:
    return bytes(imagecodecs.jpeg2k_encode(pixels, level=0, codecformat="jp2"))


def webp(pixels) -> bytes:
    return bytes(imagecodecs.webp_encode(pixels, lossless=True))


def pgm(pixels, top=None) -> bytes:
    kind, top = ("P5" if pixels.ndim == 2 else "P6"), top or np.iinfo(pixels.dtype).max
    body = pixels.astype(">u2" if top > 255 else "u1").tobytes()
    return f"{kind}\n# a remark\n{pixels.shape[1]} {pixels.shape[0]}\n{top}\n".encode() + body


def plain_pgm(pixels) -> bytes:
    words = "\n".join(" ".join(map(str, row)) for row in pixels.reshape(len(pixels), -1))
    return f"P2\n31 20\n255\n{words}\n".encode()


def npy(array) -> bytes:
    stream = BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


def strips(pixels, counts) -> bytes:
    """Return a TIFF of one strip whose byte count is set to `counts`."""
    content = bytearray(tiff(pixels))
    tag = tifffile.TiffFile(BytesIO(bytes(content))).pages.first.tags[279]
    offset = tifffile.TiffFile(BytesIO(bytes(content))).pages.first.tags[273]
    if counts == 10**6:
        content[offset.valueoffset : offset.valueoffset + 4] = struct.pack("<I", counts)
    else:
        content[tag.valueoffset : tag.valueoffset + tag.dtype.value] = struct.pack("<I", counts)[: tag.dtype.value]
        content[tag.offset + 2 : tag.offset + 4] = struct.pack("<H", 4)
        content[tag.offset + 8 : tag.offset + 12] = struct.pack("<I", counts)
    return bytes(content)


def palette_png(indices, palette) -> bytes:
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    height, width = indices.shape
    rows = b"".join(b"\0" + row.tobytes() for row in indices)
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"PLTE", palette.tobytes())
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def expected(pixels, depth):
    levels = pixels.reshape(20, 31, -1)[..., :depth].astype(np.float64) / np.iinfo(pixels.dtype).max
    return levels[..., 0] if depth == 1 else levels @ LUMA


def with_chunk(data: bytes, kind: bytes, body: bytes) -> bytes:
    """Put a chunk right behind a PNG's header."""
    check = struct.pack(">I", zlib.crc32(kind + body))
    return data[:33] + struct.pack(">I", len(body)) + kind + body + check + data[33:]


LOSSLESS = {
    "png with a senseless colour profile": (with_chunk(png(GREY8), b"iCCP", b"x\0\0nonsense"), GREY8, "grey"),
    "png grey 8": (png(GREY8), GREY8, "grey"),
    "png grey 16": (png(GREY16), GREY16, "grey"),
    "png rgb 8": (png(RGB8), RGB8, "rgb"),
    "png rgb 16": (png(RGB16), RGB16, "rgb"),
    "png rgba 8": (png(ga := with_alpha(RGB8)), ga, "rgba"),
    "png rgba 16": (png(ga := with_alpha(RGB16)), ga, "rgba"),
    "png grey+alpha 8": (png(ga := with_alpha(GREY8)), ga, "grey+alpha"),
    "png grey+alpha 16": (png(ga := with_alpha(GREY16)), ga, "grey+alpha"),
    "bmp grey": (bmp(GREY8), GREY8, "grey"),
    "bmp rgb": (bmp(RGB8), RGB8, "rgb"),
    "tiff grey 8": (tiff(GREY8), GREY8, "grey"),
    "tiff grey 16 deflate": (tiff(GREY16, compression="zlib"), GREY16, "grey"),
    "tiff big-endian": (tiff(GREY16, byteorder=">"), GREY16, "grey"),
    "tiff bigtiff": (tiff(GREY16, bigtiff=True), GREY16, "grey"),
    "tiff lzw rgb": (tiff(RGB8, compression="lzw", photometric="rgb"), RGB8, "rgb"),
    "tiff rgb 16": (tiff(RGB16, photometric="rgb"), RGB16, "rgb"),
    "tiff rgba": (tiff(ga := with_alpha(RGB8), photometric="rgb", extrasamples=["unassalpha"]), ga, "rgba"),
    "tiff planes": (
        tiff(np.moveaxis(RGB8, 2, 0), photometric="rgb", planarconfig="separate"),
        RGB8,
        "rgb",
    ),
    "tiff white is zero": (tiff(~GREY16, photometric="miniswhite"), GREY16, "grey"),
    "tiff tiles": (tiff(GREY8, tile=(16, 16)), GREY8, "grey"),
    "tiff strips": (tiff(RGB16, photometric="rgb", rowsperstrip=3), RGB16, "rgb"),
    "tiff planes in strips": (
        tiff(np.moveaxis(RGB8, 2, 0), photometric="rgb", planarconfig="separate", rowsperstrip=7),
        RGB8,
        "rgb",
    ),
    "tiff strip counts in bits": (strips(GREY8, 8 * GREY8.size), GREY8, "grey"),
    "tiff strip counts of nothing": (strips(GREY8, 0), GREY8, "grey"),
    "tiff rgb and an unnamed sample": (
        tiff(with_alpha(RGB8), photometric="rgb", extrasamples=["unspecified"]),
        RGB8,
        "rgb",
    ),
    "jpeg 2000 grey 16": (jpeg2000(GREY16), GREY16, "grey"),
    "jpeg 2000 codestream": (bytes(imagecodecs.jpeg2k_encode(GREY8, level=0, codecformat="j2k")), GREY8, "grey"),
    "jpeg 2000 rgb": (jpeg2000(RGB8), RGB8, "rgb"),
    "webp": (webp(RGB8), RGB8, "rgb"),
    "pgm 8": (pgm(GREY8), GREY8, "grey"),
    "pgm 16": (pgm(GREY16), GREY16, "grey"),
    "pgm plain": (plain_pgm(GREY8), GREY8, "grey"),
    "ppm": (pgm(RGB8), RGB8, "rgb"),
    "npy": (npy(GREY16), GREY16, "grey"),
    "npy in Fortran order": (npy(np.asfortranarray(GREY8)), GREY8, "grey"),
    "npy big-endian": (npy(GREY16.astype(">u2")), GREY16, "grey"),
    "npy rgb": (npy(RGB8), RGB8, "rgb"),
}


@pytest.mark.parametrize("case", LOSSLESS)
def test_reads_every_layout_exactly(tmp_path, capfd, case):
    data, pixels, channels = LOSSLESS[case]
    path = tmp_path / "mikrograf µ.bin"
    path.write_bytes(data)
    micrograph = read_micrograph(path)
    depth = 3 if channels.startswith("rgb") else 1
    assert micrograph.image.dtype == np.float32
    assert micrograph.image.flags.c_contiguous
    assert micrograph.image.shape == (20, 31)
    np.testing.assert_allclose(micrograph.image, expected(pixels, depth), atol=3e-7)
    assert (micrograph.channels, micrograph.dtype) == (channels, str(pixels.dtype))
    assert micrograph.sha256 == hashlib.sha256(data).hexdigest()
    assert (micrograph.name, micrograph.path, micrograph.read_shape) == ("mikrograf µ", path, (20, 31))
    assert micrograph.band.top is None
    assert micrograph.calibration.pixel_size_um is None
    assert capfd.readouterr() == ("", "")


def test_reads_jpeg_grey_and_rgb(tmp_path):
    smooth = np.tile(np.linspace(20, 230, 64).astype(np.uint8), (48, 1))
    for pixels, channels in ((smooth, "grey"), (np.repeat(smooth[..., None], 3, 2), "rgb")):
        (tmp_path / "a.jpg").write_bytes(jpeg(pixels))
        micrograph = read_micrograph(tmp_path / "a.jpg")
        assert micrograph.channels == channels
        np.testing.assert_allclose(micrograph.image, smooth / 255, atol=0.02)


def test_applies_palettes(tmp_path):
    palette = RNG.integers(0, 256, (256, 3), dtype=np.uint8)
    (tmp_path / "a.png").write_bytes(palette_png(GREY8, palette))
    colormap = palette.T.astype(np.uint16) * 257
    tifffile.imwrite(tmp_path / "a.tif", GREY8, photometric="palette", colormap=colormap)
    grey_map = np.tile(np.arange(255, -1, -1, dtype=np.uint16) * 257, (3, 1))
    tifffile.imwrite(tmp_path / "b.tif", GREY8, photometric="palette", colormap=grey_map)
    for name in ("a.png", "a.tif"):
        micrograph = read_micrograph(tmp_path / name)
        assert micrograph.channels == "rgb"
        np.testing.assert_allclose(micrograph.image, palette[GREY8] / 255 @ LUMA, atol=3e-7)
    inverted = read_micrograph(tmp_path / "b.tif")
    assert inverted.channels == "grey"
    np.testing.assert_allclose(inverted.image, (255 - GREY8) / 255, atol=1e-7)


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_palettes_of_fewer_bits_are_as_bright(tmp_path, bits):
    top = (1 << bits) - 1
    table = np.tile(np.linspace(0, top, 256).round().astype(np.uint16), (3, 1))
    tifffile.imwrite(tmp_path / "a.tif", GREY8, photometric="palette", colormap=table)
    np.testing.assert_allclose(read_micrograph(tmp_path / "a.tif").image, GREY8 / 255, atol=1 / 4095)


def test_cmyk_is_what_viewers_show(tmp_path):
    ink = np.zeros((16, 64, 4), np.uint8)
    ink[:, :16, 0], ink[:, 16:32, 3], ink[:, 32:48] = 255, 204, (0, 255, 255, 0)
    luma = np.repeat([1 - 0.299, 0.2, 0.299, 1.0], 16)
    plain = bytes(imagecodecs.jpeg8_encode(ink, level=100, colorspace="CMYK", outcolorspace="CMYK"))
    adobe = bytes(imagecodecs.jpeg8_encode(~ink, level=100, colorspace="CMYK", outcolorspace="CMYK"))
    marker = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"
    files = {
        "a.tif": tiff(ink, photometric="separated"),
        "b.jpg": plain if b"Adobe" not in plain else None,
        "c.jpg": adobe if b"Adobe" in adobe else adobe[:2] + marker + adobe[2:],
    }
    for name, data in files.items():
        if data is None:
            continue
        (tmp_path / name).write_bytes(data)
        found = read_micrograph(tmp_path / name)
        assert found.channels == "rgb"
        np.testing.assert_allclose(found.image, np.tile(luma, (16, 1)), atol=0.02)


def exif(orientation):
    entry = struct.pack("<HHIHH", 274, 3, 1, orientation, 0)
    return b"II*\0" + struct.pack("<IH", 8, 1) + entry + bytes(4)


ARROW = np.zeros((16, 24), np.uint8)
ARROW[:4, :16], ARROW[4:8, :8] = 255, 128


@pytest.mark.parametrize("orientation", range(1, 9))
def test_images_are_turned_as_viewers_show_them(tmp_path, orientation):
    # What is stored, so that turning it gives the arrow.
    undone = {
        1: ARROW,
        2: ARROW[:, ::-1],
        3: ARROW[::-1, ::-1],
        4: ARROW[::-1],
        5: ARROW.T,
        6: np.rot90(ARROW),
        7: ARROW[::-1, ::-1].T,
        8: np.rot90(ARROW, -1),
    }
    stored = np.ascontiguousarray(undone[orientation])
    note = exif(orientation)
    packed = jpeg(stored)
    (tmp_path / "a.jpg").write_bytes(
        packed[:2] + b"\xff\xe1" + struct.pack(">H", len(note) + 8) + b"Exif\0\0" + note + packed[2:]
    )
    (tmp_path / "a.png").write_bytes(with_chunk(png(stored), b"eXIf", note))
    tifffile.imwrite(tmp_path / "a.tif", stored, extratags=[(274, "H", 1, orientation, True)])
    rgb = webp(np.repeat(stored[..., None], 3, 2))
    extended = (
        b"VP8X"
        + struct.pack("<I", 10)
        + bytes([8, 0, 0, 0])
        + b"".join((side - 1).to_bytes(3, "little") for side in stored.shape[::-1])
    )
    body = b"WEBP" + extended + rgb[12:] + b"EXIF" + struct.pack("<I", len(note)) + note
    (tmp_path / "a.webp").write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    for name in ("a.jpg", "a.png", "a.tif", "a.webp"):
        found = read_micrograph(tmp_path / name)
        np.testing.assert_allclose(found.image, ARROW / 255, atol=0.08, err_msg=name)
        assert any("orientation" in line for line in found.notes) == (orientation > 1)


def several(*pages) -> bytes:
    stream = BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        for pixels, options in pages:
            writer.write(pixels, metadata=None, **options)
    return stream.getvalue()


SMALL = RNG.integers(0, 256, (5, 8), dtype=np.uint8)
CHOICES = {
    "thumbnail before the image": (several((SMALL, {"subfiletype": 1}), (GREY8, {})), 2),
    "thumbnail that does not say so": (several((SMALL, {}), (GREY8, {})), 2),
    "thumbnail behind": (several((GREY8, {}), (SMALL, {"subfiletype": 1})), 1),
    "annotated picture before the raw one": (several((RGB8, {"photometric": "rgb"}), (GREY16, {})), 2),
    "eight bits before sixteen": (several((GREY8, {}), (GREY16, {})), 2),
    "raw one before the annotated": (several((GREY16, {}), (RGB8, {"photometric": "rgb"})), 1),
    "a mask behind": (several((GREY8, {}), (GREY8 > 128, {"subfiletype": 4})), 1),
}


@pytest.mark.parametrize("case", CHOICES)
def test_the_raw_full_size_image_is_taken_and_said(tmp_path, case):
    data, page = CHOICES[case]
    (tmp_path / "a.tif").write_bytes(data)
    found = read_micrograph(tmp_path / "a.tif")
    pixels = GREY16 if found.dtype == "uint16" else GREY8
    np.testing.assert_allclose(found.image, pixels / np.iinfo(pixels.dtype).max, atol=3e-7)
    [note] = found.notes
    assert note.startswith(f"page {page} of 2 read")
    first = read_micrograph(tmp_path / "a.tif", page=1)
    assert first.image.shape == ((5, 8) if case.startswith("thumbnail") and page == 2 else (20, 31))
    with pytest.raises(ImageReadError, match="2 images: there is no page 3"):
        read_micrograph(tmp_path / "a.tif", page=3)


@pytest.mark.parametrize(
    "options",
    [
        {"photometric": "minisblack"},
        {"imagej": True},
        {"photometric": "minisblack", "truncate": True},
        {"imagej": True, "truncate": True},
        {"photometric": "minisblack", "compression": "zlib"},
        {"ome": True, "photometric": "minisblack", "metadata": {"axes": "TYX"}},
    ],
)
def test_planes_of_a_stack_are_read_by_their_number(tmp_path, options):
    stack = RNG.integers(0, 65536, (4, 20, 31), dtype=np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", stack, **options)
    with pytest.raises(ImageReadError, match="4 images.*--page"):
        read_micrograph(tmp_path / "a.tif")
    for page, plane in enumerate(stack, start=1):
        found = read_micrograph(tmp_path / "a.tif", page=page)
        np.testing.assert_array_equal(found.image, from_array(plane).image)
        assert f"page {page} of 4" in found.notes[0]


def test_channels_are_read_by_their_number(tmp_path):
    two = np.stack([GREY16, GREY16[::-1]], axis=2)
    tifffile.imwrite(tmp_path / "a.tif", two, planarconfig="contig", photometric="minisblack")
    tifffile.imwrite(tmp_path / "b.tif", RGB8, photometric="rgb")
    write_png(tmp_path / "c.png", RGB8)
    np.testing.assert_array_equal(read_micrograph(tmp_path / "a.tif", channel=2).image, from_array(two[..., 1]).image)
    for name in ("b.tif", "c.png"):
        found = read_micrograph(tmp_path / name, channel=3)
        np.testing.assert_array_equal(found.image, from_array(RGB8[..., 2]).image)
        assert found.channels == "grey"
        with pytest.raises(ImageReadError, match="3 channels: there is no channel 4"):
            read_micrograph(tmp_path / name, channel=4)


def test_equal_channels_give_exactly_the_grey_level():
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    same = from_array(np.repeat(grey[..., None], 3, axis=2))
    np.testing.assert_array_equal(same.image, from_array(grey).image)


def test_sixteen_bits_keep_their_precision():
    levels = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    image = from_array(levels).image
    np.testing.assert_array_equal(np.rint(image.astype(np.float64) * 65535), levels)


def test_twelve_bits_in_sixteen_use_the_full_range(tmp_path):
    levels = (np.arange(20 * 32) * 6).astype(np.uint16).reshape(20, 32)
    packed = imagecodecs.packints_encode(levels, 12)
    tifffile.imwrite(
        tmp_path / "a.tif", iter([packed]), shape=levels.shape, dtype=np.uint16, bitspersample=12, rowsperstrip=20
    )
    np.testing.assert_allclose(read_micrograph(tmp_path / "a.tif").image, levels / 4095, atol=1e-5)


def test_one_pixel_and_very_wide(tmp_path):
    write_png(tmp_path / "one.png", np.array([[128]], np.uint8))
    assert read_micrograph(tmp_path / "one.png").image.tolist() == [[np.float32(128) / np.float32(255)]]
    tifffile.imwrite(tmp_path / "one.tif", np.array([[128]], np.uint8))
    assert read_micrograph(tmp_path / "one.tif").image.shape == (1, 1)
    wide = np.tile(np.arange(20000, dtype=np.uint16), (3, 1))
    for suffix, data in ((".png", png(wide)), (".tif", tiff(wide)), (".jpg", jpeg((wide % 256).astype(np.uint8)))):
        (tmp_path / f"wide{suffix}").write_bytes(data)
        assert read_micrograph(tmp_path / f"wide{suffix}").image.shape == (3, 20000)


BAD = {
    "empty": (b"", "empty"),
    "text": (b"spot, size\n1, 2\n", "known format .*PNG, JPEG, TIFF"),
    "png header only": (b"\x89PNG\r\n\x1a\n", "PNG"),
    "png huge": (b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 2**30, 2**30), "claims"),
    "png checksum": ((whole := png(GREY8))[:60] + bytes([whole[60] ^ 1]) + whole[61:], "damaged PNG: the checksum"),
    "jpeg half": ((whole := jpeg(RGB8))[: len(whole) // 2], "truncated JPEG"),
    "jpeg no end": (jpeg(RGB8)[:-2], "truncated JPEG"),
    "jpeg no frame": (b"\xff\xd8\xff\xd9", "no frame"),
    "tiff header only": (b"II*\0", "TIFF"),
    "tiff half": (tiff(GREY16)[: len(tiff(GREY16)) // 2], "TIFF"),
    "tiff stack": (tiff(np.stack([GREY8, GREY8]), photometric="minisblack"), "2 images"),
    "tiff complex": (tiff(GREY8.astype(np.complex64)), "complex64"),
    "tiff of NaN": (tiff(np.full((4, 4), np.nan, np.float32)), "no pixel holds a number"),
    "tiff cielab": (tiff(RGB8, photometric="cielab"), "CIELAB"),
    "tiff strip beyond the end": (strips(GREY8, 10**6), "truncated TIFF"),
    "tiff declares more": (tiff(np.stack([GREY8] * 5), photometric="minisblack", truncate=True), "5 images .*--page"),
    "tiff declares more than it holds": (tiff(np.stack([GREY8] * 5), imagej=True)[: len(tiff(GREY8)) + 400], "TIFF"),
    "tiff two detectors": (
        tiff(np.stack([GREY8, GREY8], 2), planarconfig="contig", photometric="minisblack"),
        "channel",
    ),
    "jpeg 2000 half": ((whole := jpeg2000(GREY8))[: len(whole) // 2], "truncated JPEG 2000"),
    "webp half": ((whole := webp(RGB8))[: len(whole) // 2], "truncated WebP"),
    "riff of another kind": (b"RIFF\4\0\0\0WAVE", "WAVE"),
    "pgm half": (pgm(GREY8)[:300], "truncated PGM"),
    "pgm header": (b"P5\n31", "PGM"),
    "pgm above its largest": (b"P5 2 1 100\n\x65\x01", "largest"),
    "npy half": (npy(GREY16)[:300], "truncated array"),
    "npy objects": (npy(np.array([[None]])), "object"),
    "npy stack": (npy(np.stack([GREY8, GREY8])), "holds 2 images of 31 x 20 pixels"),
    "npy cube": (npy(np.zeros((2, 2, 2, 2))), r"\(2, 2, 2, 2\)"),
    "bmp half": (bmp(RGB8)[:500], "truncated BMP"),
    "bmp header": (bmp(RGB8)[:30], "BMP: its header"),
    "bmp compressed": ((whole := bmp(GREY8))[:30] + b"\1" + whole[31:], "compressed"),
    "numpy": (b"\x93NUMPY\x01\x00", "NumPy array"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_file_is_named_and_described(tmp_path, capfd, case):
    data, found = BAD[case]
    path = tmp_path / "bad.tif"
    path.write_bytes(data)
    with pytest.raises(ImageReadError, match=found) as raised:
        read_micrograph(path)
    assert str(path) in str(raised.value)
    assert capfd.readouterr() == ("", "")


def test_remarks_of_the_tiff_library_stay_off_the_terminal(tmp_path, capfd, monkeypatch):
    content = bytearray(tiff(GREY8, description="x" * 300))
    entry = content.index(struct.pack("<HH", 270, 2))
    content[entry + 8 : entry + 12] = b"\xff\xff\xff\x7f"
    (tmp_path / "a.tif").write_bytes(content)
    # pytest listens to all logging; without it Python prints warnings that nobody handles.
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    np.testing.assert_allclose(read_micrograph(tmp_path / "a.tif").image, GREY8 / 255, atol=1e-7)
    assert capfd.readouterr() == ("", "")


def test_missing_file_and_folder_are_named(tmp_path):
    for path in (tmp_path / "none.png", tmp_path):
        with pytest.raises(ImageReadError, match="cannot read") as raised:
            read_micrograph(path)
        assert str(path) in str(raised.value)


CASES = (
    "png rgb 8",
    "tiff grey 16 deflate",
    "tiff grey 8",
    "tiff tiles",
    "bmp rgb",
    "jpeg 2000 grey 16",
    "webp",
    "pgm 16",
)
WHOLE = [LOSSLESS[case] for case in (*CASES, "npy", "pgm plain")]
WHOLE.append((jpeg(RGB8), RGB8, "rgb"))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(range(len(WHOLE))), st.floats(0, 1, exclude_max=True))
def test_a_truncated_file_is_refused_or_complete(tmp_path, capfd, which, share):
    data = WHOLE[which][0]
    (tmp_path / "whole").write_bytes(data)
    (tmp_path / "cut").write_bytes(data[: int(share * len(data))])
    try:
        image = read_micrograph(tmp_path / "cut").image
    except ImageReadError:
        image = read_micrograph(tmp_path / "whole").image
    np.testing.assert_array_equal(image, read_micrograph(tmp_path / "whole").image)
    assert capfd.readouterr() == ("", "")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(range(len(WHOLE))), st.data())
def test_a_damaged_file_never_shows_a_library_error(tmp_path, capfd, which, data):
    content = bytearray(WHOLE[which][0])
    for _ in range(3):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "damaged").write_bytes(content)
    with contextlib.suppress(ImageReadError):
        image = read_micrograph(tmp_path / "damaged").image
        assert image.min() >= 0
        assert image.max() <= 1
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("depth", [None, 3, 4])
def test_arrays_are_taken_as_they_are(dtype, depth):
    levels = RNG.random((6, 5) if depth is None else (6, 5, depth))
    top = np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else 1
    array = (levels > 0.5) if dtype is bool else (levels * top).astype(dtype)
    if depth == 4:
        array[..., 3] = top
    array.setflags(write=False)
    image = from_array(array, name="x").image
    grey = array / top if depth is None else array[..., :3] / top @ LUMA
    np.testing.assert_allclose(image, grey, atol=3e-7)


def test_arrays_with_a_constant_foot_are_not_cropped():
    array = RNG.integers(60, 200, (100, 80), dtype=np.uint8)
    array[80:] = 0
    micrograph = from_array(array)
    assert micrograph.image.shape == (100, 80)
    assert micrograph.band.top is None


def test_arrays_are_copied():
    array = np.zeros((4, 4), np.float32)
    from_array(array).image[:] = 1
    assert not array.any()


@pytest.mark.parametrize(
    ("array", "error", "found"),
    [
        (np.zeros((3, 3), np.int64), TypeError, "int64"),
        (np.zeros((3, 3), complex), TypeError, "complex128"),
        (np.zeros((3, 3), object), TypeError, "object"),
        (np.full((3, 3), 255.0), ValueError, "255"),
        (np.full((3, 3), -0.1), ValueError, "-0.1"),
        (np.full((3, 3), np.nan), ValueError, "NaN"),
        (np.full((3, 3), np.inf), ValueError, "infinite"),
        (np.float32([[np.nan, 2.0]]), ValueError, "2"),
        (np.zeros(9, np.uint8), ValueError, r"\(9,\)"),
        (np.zeros((0, 3), np.uint8), ValueError, r"\(0, 3\)"),
        (np.zeros((3, 3, 5), np.uint8), ValueError, r"\(3, 3, 5\)"),
    ],
)
def test_bad_array_is_named_and_described(array, error, found):
    with pytest.raises(error, match=f"array: .*{found}"):
        from_array(array)


@pytest.mark.parametrize("size", [0, -1.0, float("nan"), float("inf")])
def test_pixel_size_must_be_positive(tmp_path, size):
    with pytest.raises(ValueError, match="pixel_size_um"):
        from_array(GREY8, pixel_size_um=size)
    write_png(tmp_path / "a.png", GREY8)
    with pytest.raises(ValueError, match="pixel_size_um"):
        read_micrograph(tmp_path / "a.png", pixel_size_um=size)


def test_reads_the_microscopes_own_file(shared_data: Path):
    micrograph = read_micrograph(shared_data / "calibrated" / "zeiss-1908248.tif")
    assert micrograph.calibration.pixel_size_um == pytest.approx(7.344e-3)
    assert micrograph.calibration.source == "Zeiss tag 34118, ap_image_pixel_size"
    assert micrograph.image.shape == (712, 1024)


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32, np.uint32, np.float32, np.float64])
def test_numbers_without_a_full_range_are_stretched_and_it_is_said(tmp_path, dtype):
    levels = np.linspace(-100, 120, 60 * 50).reshape(60, 50)
    levels = (levels + 100 if np.dtype(dtype).kind == "u" else levels).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", levels)
    found = read_micrograph(tmp_path / "a.tif")
    low, high = np.quantile(levels.astype(float), [0.001, 0.999])
    assert found.levels == pytest.approx((low, high))
    np.testing.assert_allclose(found.image, np.clip((levels - low) / (high - low), 0, 1), atol=1e-6)
    assert "grey levels from" in found.notes[0]
    told = read_micrograph(tmp_path / "a.tif", grey_range=(0, 50))
    np.testing.assert_allclose(told.image, np.clip(levels.astype(float) / 50, 0, 1), atol=1e-6)
    assert (told.levels, told.notes) == ((0, 50), ())


def test_a_hot_pixel_does_not_take_the_contrast_and_a_range_holds_for_any_type(tmp_path):
    levels = RNG.normal(1000, 100, (60, 50)).astype(np.float32)
    levels[3, 4] = 1e30
    tifffile.imwrite(tmp_path / "a.tif", levels)
    assert read_micrograph(tmp_path / "a.tif").image.std() > 0.1
    tifffile.imwrite(tmp_path / "b.tif", GREY16 >> 4)
    told = read_micrograph(tmp_path / "b.tif", grey_range=(0, 4095))
    np.testing.assert_allclose(told.image, (GREY16 >> 4) / 4095, atol=1e-6)
    for bad in ((1, 1), (2, 1), (0, float("nan"))):
        with pytest.raises(ValueError, match="grey_range"):
            read_micrograph(tmp_path / "b.tif", grey_range=bad)
