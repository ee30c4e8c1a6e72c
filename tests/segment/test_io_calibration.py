from __future__ import annotations

import struct

import imagecodecs
import numpy as np
import pytest
import tifffile

from segment.io import read_micrograph

IMAGE = np.random.default_rng(1).integers(0, 256, (24, 32), dtype=np.uint8)


def fei(width, height):
    return f"[User]\r\nDate=1\r\n[Scan]\r\nPixelWidth={width}\r\nPixelHeight={height}\r\n"


def zeiss(*lines):
    body = "\r\n".join([*["0"] * 36, *lines]) + "\r\n"
    return body.encode("cp1252")


def ome(attributes):
    return (
        '<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
        '<Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint8" SizeX="32" SizeY="24" SizeC="1" '
        f'SizeZ="1" SizeT="1" {attributes}><TiffData/></Pixels></Image></OME>'
    )


def calibration(path, **options):
    tifffile.imwrite(path, IMAGE, **options)
    return read_micrograph(path).calibration


@pytest.mark.parametrize("tag", [34680, 34682])
def test_fei(tmp_path, tag):
    found = calibration(tmp_path / "a.tif", extratags=[(tag, "s", 0, fei("2.5e-9", "2.5e-9"), True)])
    assert found.pixel_size_um == pytest.approx(2.5e-3)
    assert (found.source, found.confidence) == ("FEI/Thermo tag, [Scan] PixelWidth", "high")


@pytest.mark.parametrize("sizes", [("2.5e-9", "5e-9"), ("nan", "nan"), ("0", "0"), ("-1e-9", "-1e-9"), ("?", "?")])
def test_fei_without_a_usable_size(tmp_path, sizes):
    found = calibration(tmp_path / "a.tif", extratags=[(34682, "s", 0, fei(*sizes), True)])
    assert (found.pixel_size_um, found.source, found.confidence) == (None, "none", "none")


@pytest.mark.parametrize(("value", "um"), [("7.344 nm", 7.344e-3), ("1.5 µm", 1.5), ("900 pm", 9e-4)])
def test_zeiss_takes_the_image_pixel_size_only(tmp_path, value, um):
    lines = ["AP_PIXEL_SIZE", "Pixel Size = 99.0 nm", "AP_IMAGE_PIXEL_SIZE", f"Image Pixel Size = {value}"]
    content = zeiss(*lines)
    found = calibration(tmp_path / "a.tif", extratags=[(34118, "B", len(content), content, True)])
    assert found.pixel_size_um == pytest.approx(um)
    assert (found.source, found.confidence) == ("Zeiss tag 34118, ap_image_pixel_size", "high")
    content = zeiss(*lines[:2])
    found = calibration(tmp_path / "b.tif", extratags=[(34118, "B", len(content), content, True)])
    assert found.pixel_size_um is None


@pytest.mark.parametrize(
    ("attributes", "um"),
    [
        ('PhysicalSizeX="0.25" PhysicalSizeY="0.25"', 0.25),
        ('PhysicalSizeX="12" PhysicalSizeXUnit="nm" PhysicalSizeY="12" PhysicalSizeYUnit="nm"', 0.012),
        ('PhysicalSizeX="0.25" PhysicalSizeY="0.5"', None),
        ('PhysicalSizeX="1" PhysicalSizeXUnit="pixel" PhysicalSizeY="1" PhysicalSizeYUnit="pixel"', None),
        ("", None),
    ],
)
def test_ome(tmp_path, attributes, um):
    found = calibration(tmp_path / "a.tif", description=ome(attributes), metadata=None)
    assert found.pixel_size_um == (None if um is None else pytest.approx(um))
    assert found.confidence == ("none" if um is None else "high")


@pytest.mark.parametrize(
    ("unit", "um"),
    [
        *[(unit, 0.2) for unit in ("um", "micron", "microns", "micrometer", "micrometres", "\\u00B5m")],
        *[(unit, 2e-4) for unit in ("nm", "nanometer", "nanometers", "nanometre")],
        *[(unit, 2e-5) for unit in ("Angstrom", "angstroms", "\\u00C5", "A")],
        *[("mm", 200.0), ("millimeter", 200.0), ("cm", 2000.0), ("pixel", None), ("inch", None)],
    ],
)
def test_imagej(tmp_path, unit, um):
    found = calibration(tmp_path / "a.tif", imagej=True, resolution=(5, 5), metadata={"unit": unit})
    assert found.pixel_size_um == (None if um is None else pytest.approx(um))
    assert found.confidence == ("none" if um is None else "low")


def test_print_resolution_is_never_a_pixel_size(tmp_path):
    for unit in ("inch", "centimeter"):
        found = calibration(tmp_path / "a.tif", resolution=(300, 300), resolutionunit=unit)
        assert found.pixel_size_um is None


@pytest.mark.parametrize("dots", [72, 96, 150, 300, 600])
def test_a_printers_resolution_in_centimetres_is_no_scale(tmp_path, dots):
    found = calibration(tmp_path / "a.tif", imagej=True, resolution=(dots / 2.54, dots / 2.54), metadata={"unit": "cm"})
    assert found.pixel_size_um is None


def sis(edge_nm):
    """Return the value of an Olympus tag as its programs write it."""
    return struct.pack("<10xhdd8xd2x34s32s", -9, edge_nm, edge_nm, 500.0, b"camera", b"Overview")


def write_sis(path, pixels, edge_nm, **options):
    tifffile.imwrite(path, pixels, extratags=[(33560, "B", 70, bytes(70), True)], **options)
    content = bytearray(path.read_bytes())
    block = struct.pack("<4s6xhhhhh6x32sH", b"SIS0", 0, 0, 1, 1, 120, b"a", 1)
    block += struct.pack("<hhI", 1, 1, len(content))
    with tifffile.TiffFile(path) as tiff:
        at = tiff.pages.first.tags[33560].valueoffset
    content[at : at + len(block)] = block
    path.write_bytes(bytes(content) + sis(edge_nm))


def test_olympus_sis(tmp_path):
    write_sis(tmp_path / "a.tif", IMAGE, 12.5)
    found = read_micrograph(tmp_path / "a.tif").calibration
    assert found.pixel_size_um == pytest.approx(0.0125)
    assert (found.source, found.confidence) == ("Olympus SIS tag 33560", "high")


def test_gatan_tags(tmp_path):
    def tags(size, unit):
        named = [(code, "s", 0, unit, True) for code in (65003, 65004)]
        return [*named, *[(code, "d", 1, size, True) for code in (65009, 65010)]]

    found = calibration(tmp_path / "a.tif", extratags=tags(0.25, "nm"))
    assert found.pixel_size_um == pytest.approx(2.5e-4)
    assert (found.source, found.confidence) == ("Gatan tag 65009", "high")
    assert calibration(tmp_path / "b.tif", extratags=tags(0.25, "1/nm")).pixel_size_um is None


def titan(power="-9", size=""):
    axes = "".join(f'<{axis} unit="m" unitPrefixPower="{power}">0.5</{axis}>' for axis in "XY")
    return f"<Metadata><BinaryResult>{size}<PixelSize>{axes}</PixelSize></BinaryResult></Metadata>"


def test_thermo_xml(tmp_path):
    content = titan().encode()
    found = calibration(tmp_path / "a.tif", extratags=[(34683, "B", len(content), content, True)])
    assert found.pixel_size_um == pytest.approx(5e-4)
    assert (found.source, found.confidence) == ("FEI/Thermo XML, BinaryResult/PixelSize", "high")
    assert calibration(tmp_path / "b.tif", extratags=[(34683, "s", 0, "<x>", True)]).pixel_size_um is None


def test_zeiss_with_a_width_alone_and_a_decimal_comma(tmp_path):
    for lines, um in (
        (["AP_WIDTH", "Width = 8.0 µm"], 0.25),
        (["AP_WIDTH", "Width = 8,0 µm"], 0.25),
        (["AP_WIDTH", "Width = 16.0 µm", "DP_IMAGE_STORE", "Store resolution = 64 * 48"], 0.5),
        (["AP_IMAGE_PIXEL_SIZE", "Image Pixel Size = 7,5 nm"], 0.0075),
        (["AP_IMAGE_PIXEL_SIZE", "Image Pixel Size = 0.0 nm"], None),
    ):
        content = zeiss(*lines)
        found = calibration(tmp_path / "a.tif", extratags=[(34118, "B", len(content), content, True)])
        assert found.pixel_size_um == (None if um is None else pytest.approx(um))


def described(edge_nm, width, height):
    """Return options for a TIFF whose tags describe a picture of width x height pixels, of three vendors."""
    lines = ["AP_IMAGE_PIXEL_SIZE", f"Image Pixel Size = {edge_nm} nm"]
    stored = zeiss(*lines, "DP_IMAGE_STORE", f"Store resolution = {width} * {height}")
    derived = zeiss(
        *lines, "AP_WIDTH", f"Width = {width * edge_nm * 1.0004} nm", "AP_HEIGHT", f"H = {height * edge_nm} nm"
    )
    text = fei(f"{edge_nm}e-9", f"{edge_nm}e-9") + f"[Image]\r\nResolutionX={width}\r\nResolutionY={height}\r\n"
    size = f'PhysicalSizeX="{edge_nm / 1000}" PhysicalSizeY="{edge_nm / 1000}"'
    xml = ome(size).replace('SizeX="32" SizeY="24"', f'SizeX="{width}" SizeY="{height}"')
    return (
        {"extratags": [(34682, "s", 0, text, True)]},
        {"extratags": [(34118, "B", len(stored), stored, True)]},
        {"extratags": [(34118, "B", len(derived), derived, True)]},
        {"description": xml, "metadata": None},
    )


@pytest.mark.parametrize("vendor", range(4))
@pytest.mark.parametrize(
    ("size", "factor"),
    [
        ((512, 384), 1),
        ((256, 192), 2),
        ((1024, 768), 0.5),
        ((341, 256), 512 / 341),
        ((512, 300), 1),
        ((300, 384), 1),
        ((384, 512), 1),
        ((256, 256), None),
        ((400, 200), None),
    ],
)
def test_a_pixel_size_follows_the_picture_that_is_stored(tmp_path, vendor, size, factor):
    width, height = size
    options = described(10.0, 512, 384)[vendor]
    tifffile.imwrite(
        tmp_path / "a.tif", np.random.default_rng(0).integers(0, 256, (height, width), np.uint8), **options
    )
    found = read_micrograph(tmp_path / "a.tif")
    assert found.calibration.pixel_size_um == (None if factor is None else pytest.approx(0.01 * factor))
    assert found.calibration.confidence == ("none" if factor is None else "high" if factor == 1 else "low")
    assert (found.notes == ()) == (factor == 1)
    assert found.image.shape == (height, width)


def test_a_picture_resized_with_its_band(tmp_path):
    image = np.random.default_rng(0).integers(60, 256, (440, 512), np.uint8)
    image[384:] = 0
    half = image[::2, ::2].copy()
    tifffile.imwrite(tmp_path / "a.tif", half, **described(10.0, 512, 384)[0])
    found = read_micrograph(tmp_path / "a.tif")
    assert (found.band.top, found.band.source) == (192, "detected")
    assert found.calibration.pixel_size_um == pytest.approx(0.02)


@pytest.mark.parametrize("rows", [1, 40, 60])
def test_a_band_of_most_of_the_picture_is_not_believed(tmp_path, rows):
    text = f"[Image]\r\nResolutionX=80\r\nResolutionY={rows}\r\n"
    image = np.random.default_rng(0).integers(0, 256, (100, 80), np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", image, extratags=[(34682, "s", 0, text, True)])
    assert read_micrograph(tmp_path / "a.tif").image.shape == (100, 80)


def test_microscope_comes_before_other_programs_and_the_user_before_all(tmp_path):
    tifffile.imwrite(
        tmp_path / "a.tif",
        IMAGE,
        description=ome('PhysicalSizeX="0.25" PhysicalSizeY="0.25"'),
        metadata=None,
        extratags=[(34682, "s", 0, fei("1e-9", "1e-9"), True)],
    )
    assert read_micrograph(tmp_path / "a.tif").calibration.pixel_size_um == pytest.approx(1e-3)
    told = read_micrograph(tmp_path / "a.tif", pixel_size_um=0.5).calibration
    assert (told.pixel_size_um, told.source, told.confidence) == (0.5, "user", "high")


def tescan(width="1.25e-8", height="1.25e-8", strip=0):
    lines = ["[MAIN]", "AccFrames=1", "Device=MIRA3", f"ImageStripSize={strip}", f"PixelSizeX={width}"]
    return "\r\n".join([*lines, f"PixelSizeY={height}", "", "[SEM]", "HV=20000.0", ""])


@pytest.mark.parametrize("preamble", [b"", b"\x03\x00\x07\x80\x00"])
def test_tescan_tag(tmp_path, preamble):
    content = preamble + tescan().encode() + b"\0"
    found = calibration(tmp_path / "a.tif", extratags=[(50431, "B", len(content), content, True)])
    assert found.pixel_size_um == pytest.approx(0.0125)
    assert (found.source, found.confidence) == ("TESCAN tag 50431, PixelSizeX", "high")


@pytest.mark.parametrize("name", ["a-tif.hdr", "a.hdr", "A-TIF.HDR"])
def test_tescan_side_file_with_its_band(tmp_path, name):
    (tmp_path / name).write_text(tescan(strip=5))
    tifffile.imwrite(tmp_path / "a.tif", IMAGE)
    found = read_micrograph(tmp_path / "a.tif")
    assert found.calibration.pixel_size_um == pytest.approx(0.0125)
    assert found.calibration.source == "TESCAN .hdr file, PixelSizeX"
    assert (found.band.top, found.band.source) == (19, "metadata")
    assert found.image.shape == (19, 32)


@pytest.mark.parametrize("sizes", [("1e-8", "2e-8"), ("x", "x"), ("0", "0"), ("inf", "inf")])
def test_tescan_without_a_usable_size(tmp_path, sizes):
    (tmp_path / "a.hdr").write_text(tescan(*sizes, strip=24))
    found = read_micrograph(written(tmp_path / "a.tif"))
    assert found.calibration.pixel_size_um is None
    assert found.band.source != "metadata"


def written(path):
    tifffile.imwrite(path, IMAGE)
    return path


def hitachi(size="24.8", shape="32x24"):
    return f"[SemImageFile]\r\nInstructName=TM4000\r\nDataSize={shape}\r\nPixelSize={size}\r\nMagnification=5000\r\n"


@pytest.mark.parametrize("encoding", ["ascii", "utf-16", "utf-8-sig"])
@pytest.mark.parametrize("name", ["a.txt", "A.TXT"])
def test_hitachi_side_file(tmp_path, encoding, name):
    (tmp_path / name).write_bytes(hitachi().encode(encoding))
    found = read_micrograph(written(tmp_path / "a.tif")).calibration
    assert found.pixel_size_um == pytest.approx(0.0248)
    assert (found.source, found.confidence) == ("Hitachi .txt file, PixelSize", "high")


@pytest.mark.parametrize(
    "text", [hitachi("nan"), hitachi("-1"), hitachi("x"), hitachi(shape="64x60"), "PixelSize=24.8"]
)
def test_hitachi_without_a_usable_size(tmp_path, text):
    (tmp_path / "a.txt").write_text(text)
    assert read_micrograph(written(tmp_path / "a.tif")).calibration.pixel_size_um is None


def jeol(marker="1um", bar="80", full="32 19"):
    lines = ["$CM_FORMAT JEOL/SEM", f"$CM_FULL_SIZE {full}", f"$$SM_MICRON_BAR {bar}"]
    return "\r\n".join([*lines, f"$$SM_MICRON_MARKER {marker}", ""])


@pytest.mark.parametrize(("marker", "um"), [("1um", 0.0125), ("100nm", 1.25e-3), ("1.00 µm", 0.0125), ("2mm", 25.0)])
def test_jeol_side_file_with_its_band(tmp_path, marker, um):
    (tmp_path / "a.txt").write_bytes(jeol(marker).encode("latin-1"))
    found = read_micrograph(written(tmp_path / "a.tif"))
    assert found.calibration.pixel_size_um == pytest.approx(um)
    assert found.calibration.source == "JEOL .txt file, $$SM_MICRON_MARKER / $$SM_MICRON_BAR"
    assert found.calibration.confidence == "high"
    assert (found.band.top, found.band.source) == (19, "metadata")


@pytest.mark.parametrize(
    "text", [jeol("1in"), jeol(bar="0"), jeol(bar="x"), jeol(marker=""), jeol(full="64 38"), jeol(marker="..um")]
)
def test_jeol_without_a_usable_size(tmp_path, text):
    (tmp_path / "a.txt").write_text(text)
    assert read_micrograph(written(tmp_path / "a.tif")).calibration.pixel_size_um is None


@pytest.mark.parametrize(
    ("line", "um", "entry"),
    [
        ("$CM_MAG 10000", 128_000 / 10_000 / 32, "$CM_MAG"),
        ("$CM_MAG\t2500", 128_000 / 2500 / 32, "$CM_MAG"),
        ("$CM_FIELD_OF_VIEW 12.8 7.6", 0.4, "$CM_FIELD_OF_VIEW"),
        ("$CM_FIELD_OF_VIEW  12,8µm  7,6µm", 0.4, "$CM_FIELD_OF_VIEW"),
        ("$CM_FIELD_OF_VIEW 0.64 mm 0.38 mm", 20.0, "$CM_FIELD_OF_VIEW"),
        ("$CM_FIELD_OF_VIEW wide", None, None),
        ("$CM_MAG 0", None, None),
    ],
)
@pytest.mark.parametrize("full", ["$CM_FULL_SIZE 32 19\r\n", ""])
def test_jeol_without_a_bar(tmp_path, line, um, entry, full):
    (tmp_path / "a.txt").write_text(f"$CM_FORMAT JEOL/SEM\r\n{full}{line}\r\n", encoding="utf-8")
    found = read_micrograph(written(tmp_path / "a.tif")).calibration
    assert found.pixel_size_um == (None if um is None else pytest.approx(um))
    assert found.source == ("none" if um is None else f"JEOL .txt file, {entry}")


def phenom(width='unit="um">0.25', height='unit="um">0.25', bar=5):
    return (
        f"<FeiImage><databarHeight>{bar}</databarHeight><pixelWidth {width}</pixelWidth>"
        f"<pixelHeight {height}</pixelHeight><instrument><edition>Phenom ProX</edition></instrument></FeiImage>"
    ).encode()


@pytest.mark.parametrize(
    ("document", "um"),
    [
        (phenom(), 0.25),
        (phenom('unit="nm">12.5', 'unit="nm">12.5'), 0.0125),
        (phenom('unit="m">1e-8', 'unit="m">1e-8'), 0.01),
        (phenom(height='unit="um">0.5'), None),
        (phenom('unit="px">1', 'unit="px">1'), None),
        (phenom(">1", ">1"), None),
        (phenom('unit="um">', 'unit="um">'), None),
        (phenom()[:-4], None),
        (phenom()[::2], None),
        (phenom(bar="<"), None),
    ],
)
@pytest.mark.parametrize("suffix", [".tif", ".jpg"])
def test_phenom_document_at_the_end_of_the_file(tmp_path, suffix, document, um):
    path = tmp_path / f"a{suffix}"
    if suffix == ".tif":
        tifffile.imwrite(path, IMAGE)
    else:
        path.write_bytes(imagecodecs.jpeg8_encode(IMAGE))
    with path.open("ab") as stream:
        stream.write(b'<?xml version="1.0"?>' + document)
    found = read_micrograph(path)
    assert found.calibration.pixel_size_um == (None if um is None else pytest.approx(um))
    if um is not None:
        assert (found.calibration.source, found.calibration.confidence) == ("Phenom XML, pixelWidth", "high")
        assert (found.band.top, found.band.source) == (19, "metadata")


def test_phenom_document_in_a_tag(tmp_path):
    content = phenom()
    found = calibration(tmp_path / "a.tif", extratags=[(34683, "B", len(content), content, True)])
    assert found.pixel_size_um == pytest.approx(0.25)


def test_side_files_of_other_images_and_huge_ones_are_left_alone(tmp_path):
    (tmp_path / "b.txt").write_text(hitachi())
    (tmp_path / "a.hdr").mkdir()
    (tmp_path / "a.txt").write_text(hitachi() + "#" * (1 << 20))
    assert read_micrograph(written(tmp_path / "a.tif")).calibration.pixel_size_um is None


def test_a_file_as_zeiss_wrote_it(shared_data):
    [path] = sorted((shared_data / "calibrated").glob("*.tif"))
    found = read_micrograph(path)
    assert found.calibration.pixel_size_um == pytest.approx(7.344e-3)
    assert found.calibration.source.startswith("Zeiss tag 34118")
    assert found.read_shape == (768, 1024)


@pytest.mark.parametrize("edge", ["1e-15", "5", "1e300"])
def test_sizes_that_no_microscope_has_are_not_believed(tmp_path, edge):
    text = f"[Scan]\r\nPixelWidth={edge}\r\nPixelHeight={edge}\r\n"
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((20, 30), np.uint8), extratags=[(34682, 2, 0, text, True)])
    found = read_micrograph(tmp_path / "a.tif")
    assert found.calibration.pixel_size_um is None
    assert any("which no microscope has" in note for note in found.notes)
    assert read_micrograph(tmp_path / "a.tif", pixel_size_um=5e6).calibration.pixel_size_um == 5e6
