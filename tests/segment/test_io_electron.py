"""Electron microscopy's own files, made by RosettaSciIO's writers or byte by byte."""

from __future__ import annotations

import struct
import sys

import numpy as np
import pytest

from segment.io import ImageReadError, find_images, find_inputs, read_micrograph
from segment.io.formats import electron

IMAGE = np.random.default_rng(0).integers(100, 3000, (48, 64)).astype(np.uint16)


def needs(*names):
    for name in ("rsciio", *names):
        pytest.importorskip(name, reason="RosettaSciIO, which is GPL-3, is an extra: pip install 'nmfcore[em]'")


def signal(data, scale=0.5, units="nm", *, spectrum=False):
    """Return a dictionary as RosettaSciIO's readers give and its writers take it."""
    names = ["x", "y", "z", "t"]
    axes = [
        {
            "name": "Energy" if spectrum and place == data.ndim - 1 else names[data.ndim - 1 - place],
            "size": size,
            "scale": scale,
            "offset": 0.0,
            "units": "eV" if spectrum and place == data.ndim - 1 else units,
            "navigate": place < data.ndim - (1 if spectrum else 2),
            "index_in_array": place,
            "_type": "UniformDataAxis",
            "is_binned": False,
        }
        for place, size in enumerate(data.shape)
    ]
    general = {"title": "test", "original_filename": ""}
    metadata = {"General": general, "Signal": {"signal_type": "", "signal_dimension": 1 if spectrum else 2}}
    return {
        "data": data,
        "axes": axes,
        "metadata": metadata,
        "original_metadata": {},
        "attributes": {"_lazy": False, "ragged": False},
        "package_info": {"package": "hyperspy", "package_version": "2.3"},
        "tmp_parameters": {},
        "learning_results": {},
        "models": {},
    }


def write_mrc(path, data, edge_angstrom):
    """Write an MRC2014 file of signed 16-bit integers: a header of 1,024 bytes, then the planes."""
    planes = data.reshape(-1, *data.shape[-2:]).astype("<i2")
    n, height, width = planes.shape
    header = bytearray(1024)
    struct.pack_into("<10i", header, 0, width, height, n, 1, 0, 0, 0, width, height, n)
    struct.pack_into("<6f", header, 40, width * edge_angstrom, height * edge_angstrom, n * edge_angstrom, 90, 90, 90)
    struct.pack_into("<3i", header, 64, 1, 2, 3)
    struct.pack_into("<3f", header, 76, float(planes.min()), float(planes.max()), float(planes.mean()))
    header[208:212] = b"MAP "
    header[212:216] = b"DD\0\0"
    path.write_bytes(bytes(header) + planes.tobytes())


def write_ser(path, data, edge_m):
    """Write a SER file of one image of unsigned 16-bit integers, as TIA does."""
    height, width = data.shape
    offsets_at = 30
    dimension = struct.pack("<idd i i", 1, 0.0, 1.0, 0, 0) + struct.pack("<i", 0)
    body_at = offsets_at + len(dimension)
    element_at = body_at + 8
    element = struct.pack("<ddiddi", 0.0, edge_m, 0, 0.0, edge_m, 0) + struct.pack("<hii", 2, width, height)
    # TIA counts rows from the foot.
    element += data[::-1].astype("<u2").tobytes()
    tag = struct.pack("<hi", 0x4152, 0) + struct.pack("<h", 0)
    header = struct.pack("<hhhiiiiii", 0x4949, 0x0197, 0x0210, 0x4122, 0x4152, 1, 1, body_at, 1)
    offsets = struct.pack("<ii", element_at, element_at + len(element))
    path.write_bytes(header + dimension + offsets + element + tag)


def dm3_entry(name, content, *, is_group):
    return struct.pack(">BH", 20 if is_group else 21, len(name)) + name.encode() + content


def dm3_group(entries):
    return struct.pack(">BBI", 1, 0, len(entries)) + b"".join(entries)


def dm3_number(name, value, kind=3):
    form = {3: "<i", 6: "<f", 5: "<I"}[kind]
    return dm3_entry(name, b"%%%%" + struct.pack(">II", 1, kind) + struct.pack(form, value), is_group=False)


def dm3_array(name, values, kind):
    content = b"%%%%" + struct.pack(">IIII", 3, 20, kind, len(values)) + values.tobytes()
    return dm3_entry(name, content, is_group=False)


def write_dm3(path, data, edge, units):
    """Write a DM3 file of a thumbnail and one image of unsigned 16-bit integers."""

    def image(pixels):
        text = np.frombuffer(units.encode("utf-16-le"), "<u2")
        axis = [dm3_number("Origin", 0.0, 6), dm3_number("Scale", edge, 6), dm3_array("Units", text, 4)]
        axes = dm3_group([dm3_entry("", dm3_group(axis), is_group=True)] * 2)
        brightness = dm3_group(
            [dm3_number("Origin", 0.0, 6), dm3_number("Scale", 1.0, 6), dm3_array("Units", text[:0], 4)]
        )
        calibrations = [dm3_entry("Brightness", brightness, is_group=True), dm3_entry("Dimension", axes, is_group=True)]
        sides = [dm3_number("", side, 5) for side in pixels.shape[::-1]]
        stored = [
            dm3_entry("Calibrations", dm3_group(calibrations), is_group=True),
            dm3_array("Data", pixels.ravel(), 4),
            dm3_number("DataType", 10, 5),
            dm3_entry("Dimensions", dm3_group(sides), is_group=True),
            dm3_number("PixelDepth", 2, 5),
        ]
        content = [
            dm3_entry("ImageData", dm3_group(stored), is_group=True),
            dm3_entry("ImageTags", dm3_group([]), is_group=True),
        ]
        return dm3_entry("", dm3_group(content), is_group=True)

    images = dm3_group([image(data[:4, :6].copy()), image(data)])
    sources = dm3_group([dm3_entry("", dm3_group([dm3_number("ImageRef", 1, 5)]), is_group=True)])
    root = dm3_group(
        [
            dm3_entry("ImageList", images, is_group=True),
            dm3_entry("ImageSourceList", sources, is_group=True),
            dm3_entry("InImageMode", b"%%%%" + struct.pack(">II", 1, 8) + b"\1", is_group=False),
        ]
    )
    path.write_bytes(struct.pack(">III", 3, len(root), 1) + root + b"\0" * 8)


@pytest.mark.parametrize(("units", "edge_um"), [("nm", 5e-4), ("\u00b5m", 0.5), ("1/nm", None)])
def test_dm3(tmp_path, units, edge_um):
    needs()
    write_dm3(tmp_path / "a.dm3", IMAGE, 0.5, units)
    found = read_micrograph(tmp_path / "a.dm3")
    assert found.read_shape == (48, 64)
    assert np.corrcoef(found.image.ravel(), IMAGE.ravel())[0, 1] > 0.999
    assert found.calibration.pixel_size_um == (None if edge_um is None else pytest.approx(edge_um))


def test_mrc(tmp_path):
    needs()
    write_mrc(tmp_path / "a.mrc", IMAGE, 5.0)
    found = read_micrograph(tmp_path / "a.mrc")
    assert found.read_shape == (48, 64)
    assert found.calibration.pixel_size_um == pytest.approx(5e-4)
    assert found.calibration.confidence == "high"
    order = np.corrcoef(found.image.ravel(), IMAGE.ravel())[0, 1]
    assert order > 0.999
    write_mrc(tmp_path / "b.mrc", IMAGE, 1.0)
    assert read_micrograph(tmp_path / "b.mrc").calibration.confidence == "low"
    write_mrc(tmp_path / "c.mrc", np.stack([IMAGE, IMAGE[::-1]]), 5.0)
    with pytest.raises(ImageReadError, match=r"c\.mrc.*2 images of 64 x 48.*--page"):
        read_micrograph(tmp_path / "c.mrc")
    second = read_micrograph(tmp_path / "c.mrc", page=2)
    np.testing.assert_array_equal(second.image, read_micrograph(tmp_path / "a.mrc").image[::-1])
    with pytest.raises(ImageReadError, match="no page 3"):
        read_micrograph(tmp_path / "c.mrc", page=3)


def test_ser(tmp_path):
    needs()
    write_ser(tmp_path / "a_1.ser", IMAGE, 2e-10)
    found = read_micrograph(tmp_path / "a_1.ser")
    assert found.read_shape == (48, 64)
    assert found.calibration.pixel_size_um == pytest.approx(2e-4)


# Of zarr, about the store that RosettaSciIO writes to.
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize(("suffix", "library"), [("hspy", "h5py"), ("zspy", "zarr"), ("emd", "h5py")])
def test_files_of_writers(tmp_path, suffix, library):
    needs(library)
    import importlib

    path = tmp_path / f"a.{suffix}"
    importlib.import_module(f"rsciio.{suffix}").file_writer(str(path), signal(IMAGE))
    found = read_micrograph(path)
    assert found.read_shape == (48, 64)
    assert found.calibration.pixel_size_um == pytest.approx(5e-4)
    assert np.corrcoef(found.image.ravel(), IMAGE.ravel())[0, 1] > 0.999
    assert find_images([tmp_path]) == [path]
    assert found.sha256 is not None


def dm4_tag(kind, name, content):
    """Return a DM4 tag: its content is preceded by its length."""
    return struct.pack(">BH", kind, len(name)) + name.encode() + struct.pack(">Q", len(content)) + content


def dm4_group(name, entries):
    return dm4_tag(20, name, struct.pack(">BBQ", 1, 0, len(entries)) + b"".join(entries))


def dm4_number(name, value, kind):
    form = {5: "<I", 6: "<f", 8: "<B", 12: "<Q"}[kind]
    return dm4_tag(21, name, b"%%%%" + struct.pack(">QQ", 1, kind) + struct.pack(form, value))


def dm4_array(name, values, kind):
    return dm4_tag(21, name, b"%%%%" + struct.pack(">QQQQ", 3, 20, kind, len(values)) + values.tobytes())


def write_dm4(path, data, edges, units):
    """Write a DM4 file of a thumbnail and one image, or stack, of unsigned 16-bit integers."""
    text = np.frombuffer(units.encode("utf-16-le"), "<u2")

    def image(pixels):
        axes = [
            dm4_group("", [dm4_number("Origin", 0.0, 6), dm4_number("Scale", edge, 6), dm4_array("Units", text, 4)])
            for edge in (*edges, 1.0)[: pixels.ndim]
        ]
        level = [dm4_number("Origin", 0.0, 6), dm4_number("Scale", 1.0, 6), dm4_array("Units", text[:0], 4)]
        stored = [
            dm4_group("Calibrations", [dm4_group("Brightness", level), dm4_group("Dimension", axes)]),
            dm4_array("Data", pixels.ravel().astype("<u2"), 4),
            dm4_number("DataType", 10, 5),
            dm4_group("Dimensions", [dm4_number("", side, 5) for side in pixels.shape[::-1]]),
            dm4_number("PixelDepth", 2, 5),
        ]
        return dm4_group("", [dm4_group("ImageData", stored), dm4_group("ImageTags", [])])

    entries = [
        dm4_group("ImageList", [image(IMAGE[:4, :6]), image(data)]),
        dm4_group("ImageSourceList", [dm4_group("", [dm4_number("ImageRef", 1, 5)])]),
        dm4_number("InImageMode", 1, 8),
    ]
    root = struct.pack(">BBQ", 1, 0, len(entries)) + b"".join(entries)
    path.write_bytes(struct.pack(">IQI", 4, len(root), 1) + root + b"\0" * 8)


@pytest.mark.parametrize(("units", "edge_um"), [("nm", 5e-4), ("\u00b5m", 0.5), ("1/nm", None)])
def test_dm4(tmp_path, units, edge_um):
    needs()
    write_dm4(tmp_path / "a.dm4", IMAGE, (0.5, 0.5), units)
    found = read_micrograph(tmp_path / "a.dm4", grey_range=(0, 65535))
    np.testing.assert_array_equal(np.rint(65535 * found.image), IMAGE)
    assert found.calibration.pixel_size_um == (None if edge_um is None else pytest.approx(edge_um))
    assert found.calibration.confidence == ("none" if edge_um is None else "high")


def test_dm4_stacks_and_pixels_that_are_not_square(tmp_path):
    needs()
    write_dm4(tmp_path / "a.dm4", np.stack([IMAGE, IMAGE // 2]), (0.5, 0.5), "nm")
    with pytest.raises(ImageReadError, match=r"a\.dm4.*2 images of 64 x 48.*--page"):
        read_micrograph(tmp_path / "a.dm4")
    write_dm4(tmp_path / "b.dm4", IMAGE, (0.5, 0.7), "nm")
    found = read_micrograph(tmp_path / "b.dm4")
    assert found.calibration.pixel_size_um is None
    assert any("not square" in note for note in found.notes)


def write_velox(path, planes, edge, unit="m", *, spectra=False):
    """Write an EMD file as Velox does: images of (height, width, frames) with JSON beside each; HDF5."""
    import json

    import h5py

    with h5py.File(path, "w") as file:
        file["Version"] = np.array([json.dumps({"format": "Velox", "version": "11"}).encode()], dtype=object)
        for number, (data, size) in enumerate(zip(planes, edge, strict=True)):
            group = file.create_group(f"Data/Image/{number:032x}")
            frames = data if data.ndim == 3 else data[None]
            group["Data"] = np.moveaxis(frames, 0, 2)
            about = {
                "BinaryResult": {
                    "DetectorIndex": "0",
                    "PixelSize": {"width": str(size[0]), "height": str(size[1])},
                    "Offset": {"x": "0", "y": "0"},
                    "PixelUnitX": unit,
                    "PixelUnitY": unit,
                },
                "Detectors": {"Detector-0": {"DetectorName": "HAADF", "DetectorType": "ScanningDetector"}},
                "Acquisition": {"AcquisitionStartDatetime": {"DateTime": "1500000000"}},
                "Scan": {"FrameTime": "0.5"},
            }
            text = np.zeros(60_000, np.uint8)
            content = np.frombuffer(json.dumps(about).encode(), np.uint8)
            text[: len(content)] = content
            group["Metadata"] = np.repeat(text[:, None], len(frames), axis=1)
        if spectra:
            file.create_group("Data/SpectrumImage/a")
            file.create_group("Data/SpectrumStream/b")["Data"] = np.zeros((40, 1), np.uint16)
            file["Displays/ImageDisplay/c"] = np.array([json.dumps({"id": "HAADF"}).encode()], dtype=object)


@pytest.mark.parametrize(("edge", "unit", "edge_um"), [(2e-10, "m", 2e-4), (3.5e-6, "m", 3.5), (1e8, "1/m", None)])
def test_velox(tmp_path, edge, unit, edge_um):
    needs("h5py")
    write_velox(tmp_path / "a.emd", [IMAGE], [(edge, edge)], unit)
    found = read_micrograph(tmp_path / "a.emd", grey_range=(0, 65535))
    np.testing.assert_array_equal(np.rint(65535 * found.image), IMAGE)
    assert found.calibration.pixel_size_um == (None if edge_um is None else pytest.approx(edge_um))


def test_velox_with_frames_detectors_and_spectra(tmp_path):
    needs("h5py")
    same = (2e-10, 2e-10)
    write_velox(tmp_path / "a.emd", [IMAGE, IMAGE // 2], [same, same])
    with pytest.raises(ImageReadError, match=r"a\.emd.*2 images of 64 x 48.*--page"):
        read_micrograph(tmp_path / "a.emd")
    assert read_micrograph(tmp_path / "a.emd", page=2).read_shape == (48, 64)
    write_velox(tmp_path / "b.emd", [np.stack([IMAGE, IMAGE // 2, IMAGE // 3])], [same])
    with pytest.raises(ImageReadError, match=r"b\.emd.*3 images of 64 x 48"):
        read_micrograph(tmp_path / "b.emd")
    write_velox(tmp_path / "c.emd", [IMAGE[:12, :16], IMAGE], [(8e-10, 8e-10), same])
    found = read_micrograph(tmp_path / "c.emd")
    assert found.calibration.pixel_size_um == pytest.approx(2e-4)
    assert any("image 2 of 2" in note for note in found.notes)
    write_velox(tmp_path / "e.emd", [IMAGE], [(2e-10, 3e-10)])
    found = read_micrograph(tmp_path / "e.emd")
    assert found.calibration.pixel_size_um is None
    assert any("not square" in note for note in found.notes)


def test_velox_with_spectra(tmp_path, monkeypatch):
    needs("h5py")
    write_velox(tmp_path / "a.emd", [IMAGE], [(2e-10, 2e-10)], spectra=True)
    with monkeypatch.context() as patched:
        patched.setattr("importlib.util.find_spec", lambda name, *_: None)
        with pytest.raises(ImageReadError, match=r"a\.emd.*EMD needs RosettaSciIO.*nmfcore\[em\].*sparse"):
            read_micrograph(tmp_path / "a.emd")
    needs("sparse")
    # The stream, which is no stream here, is not decoded to read an image.
    assert read_micrograph(tmp_path / "a.emd").calibration.pixel_size_um == pytest.approx(2e-4)


def write_bcf(path, planes, edge_um, overview=None):
    """Write a BCF file as Bruker does: a container of chunks, of which one file is XML with images in base 64."""
    import base64
    import zlib

    def instance(kind, content, name=""):
        named = f' Name="{name}"' if name else ""
        return f'<ClassInstance Type="{kind}"{named}>{content}</ClassInstance>'

    def image(several):
        height, width = several[0].shape
        stored = "".join(
            f"<Plane{n}><Data>{base64.b64encode(one.tobytes()).decode()}</Data><Description>BSE</Description></Plane{n}>"
            for n, one in enumerate(several)
        )
        sides = f"<Width>{width}</Width><Height>{height}</Height>"
        return f"{sides}<ItemSize>{several[0].itemsize}</ItemSize><PlaneCount>{len(several)}</PlaneCount>{stored}"

    date = "<Date>01.02.2020</Date><Time>03:04:05</Time>"
    layers = base64.b64encode(zlib.compress(b"<L><Si Thickness='1'/></L>")).decode()
    heads = instance("TRTSpectrumHardwareHeader", "<Amplification>20000</Amplification>")
    heads += instance("TRTDetectorHeader", f"<Type>XFlash</Type><DetLayers>{layers}</DetLayers>")
    heads += instance("TRTESMAHeader", "<PrimaryEnergy>20</PrimaryEnergy><ElevationAngle>35</ElevationAngle>")
    scale = f"{date}<CalibAbs>-0.5</CalibAbs><CalibLin>0.01</CalibLin>"
    spectrum = instance(
        "TRTSpectrum",
        f"<TRTHeaderedClass>{heads}</TRTHeaderedClass>{instance('TRTSpectrumHeader', scale)}<Channels>1,2,3</Channels>",
    )
    views = ""
    if overview is not None:
        nested = instance("TRTImageData", image([overview]))
        nested = instance("TRTContainerClass", f"<ChildClassInstances>{nested}</ChildClassInstances>", "OverviewImages")
        views = instance("TRTContainerClass", f"<ChildClassInstances>{nested}</ChildClassInstances>")
    body = (
        f"<Header>{date}<FileVersion>2</FileVersion></Header>"
        + instance("TRTSEMData", f"<HV>20</HV><DX>{edge_um[0]}</DX><DY>{edge_um[1]}</DY>")
        + instance("TRTSEMStageData", "<X>0</X>")
        + instance("TRTDSPConfiguration", "<Slot>0</Slot>")
        + instance("TRTImageData", image(planes))
        + views
        + f"<LineCounter>1</LineCounter><ChCount>3</ChCount><DetectorCount>1</DetectorCount>"
        f"<SpectrumData0>{spectrum}</SpectrumData0>"
    )
    xml = f'<?xml version="1.0"?><TRTProject>{instance("TRTSpectrumDatabase", body, "map")}</TRTProject>'.encode()

    usable = 1024
    chunk = usable + 32
    # The first chunk is that of the container itself.
    chunks = [bytes(chunk)]

    def put(content):
        chunks.append(bytes(32) + content.ljust(usable, b"\0"))
        return len(chunks) - 1

    def stored(content):
        places = [put(content[start : start + usable]) for start in range(0, len(content), usable)]
        table = np.array(places, "<u4").tobytes()
        links = [table[start : start + usable] for start in range(0, len(table), usable)]
        first = len(chunks)
        for number, link in enumerate(links):
            following = first + number + 1
            chunks.append(struct.pack("<I", following) + bytes(28) + link.ljust(usable, b"\0"))
        return first

    def entry(at, size, parent, name, *, is_dir):
        head = struct.pack("<iQQQQIi176s?3s", at, size, 0, 0, 0, 0, parent, b"", is_dir, b"")
        return head + name.encode().ljust(256, b"\0") + bytes(32)

    header_at, data_at = stored(xml), stored(b"\0" * 16)
    items = [
        entry(0, 0, -1, "EDSDatabase", is_dir=True),
        entry(header_at, len(xml), 0, "HeaderData", is_dir=False),
        entry(data_at, 16, 0, "SpectrumData0", is_dir=False),
    ]
    tree_at = len(chunks)
    for number, start in enumerate(range(0, len(items), usable // 512)):
        part = b"".join(items[start : start + usable // 512])
        chunks.append(struct.pack("<I", tree_at + number + 1) + bytes(28) + part.ljust(usable, b"\0"))
    content = bytearray(0x118) + b"".join(chunks)
    content[:8] = b"AAMVHFSS"
    struct.pack_into("<fI", content, 0x124, 2.6, chunk)
    struct.pack_into("<III", content, 0x140, tree_at, len(items), len(chunks))
    path.write_bytes(bytes(content))


def test_bcf(tmp_path):
    needs()
    write_bcf(tmp_path / "a.bcf", [IMAGE], (0.25, 0.25))
    found = read_micrograph(tmp_path / "a.bcf", grey_range=(0, 65535))
    np.testing.assert_array_equal(np.rint(65535 * found.image), IMAGE)
    assert found.calibration.pixel_size_um == pytest.approx(0.25)
    write_bcf(tmp_path / "b.bcf", [IMAGE, IMAGE // 2], (0.25, 0.25))
    with pytest.raises(ImageReadError, match=r"b\.bcf.*2 images of 64 x 48.*--page"):
        read_micrograph(tmp_path / "b.bcf")
    # The scale is that of the mapped image: an overview of another size has none.
    wide = np.kron(IMAGE, np.ones((2, 2), np.uint16))
    write_bcf(tmp_path / "c.bcf", [IMAGE], (0.25, 0.25), overview=wide)
    found = read_micrograph(tmp_path / "c.bcf")
    assert (found.read_shape, found.calibration.pixel_size_um) == ((96, 128), None)
    assert any("another size" in note for note in found.notes)
    assert read_micrograph(tmp_path / "c.bcf", page=1).calibration.pixel_size_um == pytest.approx(0.25)


def test_emi(tmp_path):
    needs()
    write_ser(tmp_path / "a_1.ser", IMAGE, 2e-10)
    about = (
        "<ObjectInfo><Uuid>1</Uuid><AcquireDate>Mon Nov 02 10:11:12 2020</AcquireDate>"
        "<AcquireInfo><DwellTimePath>1</DwellTimePath></AcquireInfo><ExperimentalDescription><Root>"
        "<Data><Label>Mode</Label><Value>STEM nP SA Zoom Image</Value><Unit></Unit></Data>"
        "</Root></ExperimentalDescription></ObjectInfo>"
    )
    (tmp_path / "a.emi").write_bytes(b"JSRM" + bytes(20) + about.encode() + bytes(8))
    found = read_micrograph(tmp_path / "a.emi")
    assert found.read_shape == (48, 64)
    assert found.calibration.pixel_size_um == pytest.approx(2e-4)
    assert np.corrcoef(found.image.ravel(), IMAGE.ravel())[0, 1] > 0.999
    # Without its SER files it holds nothing.
    (tmp_path / "b.emi").write_bytes((tmp_path / "a.emi").read_bytes())
    with pytest.raises(ImageReadError, match=r"b\.emi.*holds no image"):
        read_micrograph(tmp_path / "b.emi")


def test_a_spectrum_image_is_no_image(tmp_path):
    needs("h5py")
    from rsciio import hspy

    hspy.file_writer(str(tmp_path / "a.hspy"), signal(np.zeros((4, 5, 60), np.float32), spectrum=True))
    with pytest.raises(ImageReadError, match=r"a\.hspy.*holds no image"):
        read_micrograph(tmp_path / "a.hspy")


def test_reciprocal_units_and_oblong_pixels_are_no_pixel_size(tmp_path):
    needs("h5py")
    from rsciio import hspy

    hspy.file_writer(str(tmp_path / "a.hspy"), signal(IMAGE, units="1/nm"))
    assert read_micrograph(tmp_path / "a.hspy").calibration.pixel_size_um is None
    oblong = signal(IMAGE)
    oblong["axes"][0]["scale"] = 0.7
    hspy.file_writer(str(tmp_path / "b.hspy"), oblong)
    found = read_micrograph(tmp_path / "b.hspy")
    assert found.calibration.pixel_size_um is None
    assert "not square" in found.notes[-1]


# Readers leave damaged files open.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("suffix", sorted(electron.READERS))
def test_damaged_files_are_named(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"\0" * 40)
    with pytest.raises(ImageReadError, match=rf"a\{suffix}"):
        read_micrograph(path)


def test_a_missing_library_is_named(tmp_path, monkeypatch):
    path = tmp_path / "a.dm4"
    path.write_bytes(b"\0" * 40)
    for name in [name for name in sys.modules if name.split(".")[0] == "rsciio"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "rsciio", None)
    with pytest.raises(ImageReadError, match=r"a\.dm4.*DM4 needs RosettaSciIO.*GPL-3.*nmfcore\[em\]"):
        read_micrograph(path)


def test_an_emi_file_belongs_to_its_ser_files(tmp_path):
    for name in ("a.emi", "a_1.ser", "a_2.ser", "b.emi"):
        (tmp_path / name).touch()
    found = find_inputs([tmp_path])
    assert [path.name for path in found.images] == ["a_1.ser", "a_2.ser", "b.emi"]
    assert found.skipped == ()
