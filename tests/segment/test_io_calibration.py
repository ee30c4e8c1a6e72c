from __future__ import annotations

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
    ("unit", "um"), [("um", 0.2), ("micron", 0.2), ("nm", 2e-4), ("mm", 200.0), ("pixel", None), ("inch", None)]
)
def test_imagej(tmp_path, unit, um):
    found = calibration(tmp_path / "a.tif", imagej=True, resolution=(5, 5), metadata={"unit": unit})
    assert found.pixel_size_um == (None if um is None else pytest.approx(um))
    assert found.confidence == ("none" if um is None else "low")


def test_print_resolution_is_never_a_pixel_size(tmp_path):
    for unit in ("inch", "centimeter"):
        found = calibration(tmp_path / "a.tif", resolution=(300, 300), resolutionunit=unit)
        assert found.pixel_size_um is None


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
