from __future__ import annotations

import json
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
import tifffile
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pyarrow import parquet

from segment import PhaseMap, from_array, read_micrograph
from segment.interchange import (
    IMAGE_FORMATS,
    check_formats,
    export_paths,
    export_phase_map,
    trace_regions,
    write_parquet,
)
from segment.io import OutputError
from segment.measure import PhaseFraction
from segment.plots import phase_colours

NAMES = ("ferrite", 'α <&> "β"', "pearlite")


def phase_map(labels=None, pixel_size_um=0.05, colours=None) -> PhaseMap:
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 3, (20, 31)).astype(np.uint8) if labels is None else labels
    shares = rng.random((3, *labels.shape), dtype=np.float32)
    micrograph = from_array(np.zeros(labels.shape, dtype=np.uint8), pixel_size_um=pixel_size_um)
    fractions = np.bincount(labels.ravel(), minlength=3) / labels.size
    return PhaseMap(labels, shares, fractions, NAMES, micrograph, {}, colours)


def filled(rings) -> np.ndarray:
    """Fill rings by winding: +1 at every edge downwards on the right of a region, -1 on its left; shape (20, 20)."""
    steps = np.zeros((21, 21), dtype=int)
    for ring in rings:
        for (x0, y0), (x1, y1) in zip(ring[:-1], ring[1:], strict=True):
            assert (x0 == x1) != (y0 == y1)
            if x0 == x1:
                steps[min(y0, y1) : max(y0, y1), x0] += np.sign(y0 - y1)
    return np.cumsum(steps, axis=1)[:-1, :-1]


def shoelace(ring) -> float:
    x, y = np.asarray(ring, dtype=float).T
    return float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) / 2)


LABELS = arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.integers(0, 2))


@given(LABELS)
@example(np.array([[0, 1], [1, 0]], dtype=np.uint8))
# A ring of pixels that meets itself at a corner, around a hole.
@example(np.array([[1, 1, 1, 0], [1, 0, 1, 0], [1, 1, 0, 1], [0, 0, 1, 1]], dtype=np.uint8))
@example(np.array([[1, 1, 1, 1], [1, 0, 1, 1], [1, 1, 0, 1], [1, 1, 1, 1]], dtype=np.uint8))
@example(np.array([[1, 1, 1], [1, 0, 1], [1, 1, 0]], dtype=np.uint8))
def test_regions_cover_every_pixel_once(labels):
    regions = trace_regions(labels)
    covered = np.zeros((20, 20), dtype=int)
    painted = np.full((20, 20), 9)
    for region in regions:
        inside = filled(region.rings)
        assert set(np.unique(inside)) <= {0, 1}
        assert inside.sum() == region.pixels == sum(shoelace(ring) for ring in region.rings)
        covered += inside
        painted[inside == 1] = region.phase
    height, width = labels.shape
    np.testing.assert_array_equal(painted[:height, :width], labels)
    assert covered[:height, :width].min() == covered.max() == 1
    assert covered.sum() == labels.size


@given(LABELS)
def test_rings_are_simple_wound_as_geojson_asks_and_have_corners_only(labels):
    for region in trace_regions(labels):
        outer, *holes = region.rings
        assert shoelace(outer) > 0
        assert all(shoelace(hole) < 0 for hole in holes)
        for ring in region.rings:
            assert ring[0].tolist() == ring[-1].tolist()
            assert len({tuple(corner) for corner in ring.tolist()}) == len(ring) - 1
            steps = np.diff(np.vstack([ring, ring[1]]), axis=0)
            assert all((a[0] == 0) != (b[0] == 0) for a, b in zip(steps[:-1], steps[1:], strict=True))


def from_first(ring) -> list[tuple[int, int]]:
    corners = [(int(x), int(y)) for x, y in ring[:-1]]
    start = corners.index(min(corners))
    return corners[start:] + corners[:start]


def test_a_ring_with_an_island_by_hand():
    labels = np.ones((5, 5), dtype=np.uint8)
    labels[1:4, 1:4] = 0
    labels[2, 2] = 1
    hole, outer, island = trace_regions(labels)
    assert (hole.phase, hole.pixels, len(hole.rings)) == (0, 8, 2)
    assert from_first(outer.rings[0]) == [(0, 0), (5, 0), (5, 5), (0, 5)]
    assert from_first(outer.rings[1]) == [(1, 1), (1, 4), (4, 4), (4, 1)]
    assert from_first(island.rings[0]) == [(2, 2), (3, 2), (3, 3), (2, 3)]


@pytest.mark.parametrize("labels", [np.zeros((2, 2)), np.zeros((0, 2), np.uint8), np.zeros(3, np.uint8)])
def test_labels_of_another_kind_are_refused(labels):
    with pytest.raises(ValueError, match="labels must be"):
        trace_regions(labels)


def test_geojson_in_pixels_and_micrometres(tmp_path):
    phases = phase_map(pixel_size_um=0.0734375, colours=((1, 2, 3), (4, 5, 6), (7, 8, 9)))
    pixels, um = export_phase_map(phases, tmp_path, "a", ["geojson"])
    assert (pixels.name, um.name) == ("a_regions.geojson", "a_regions_um.geojson")
    found, scaled = (json.loads(path.read_text("utf-8")) for path in (pixels, um))
    assert (found["type"], found["unit"], scaled["unit"]) == ("FeatureCollection", "pixels", "micrometres")
    assert len(found["features"]) == len(scaled["features"]) == len(trace_regions(phases.labels))
    for feature, same in zip(found["features"], scaled["features"], strict=True):
        properties = feature["properties"]
        area = sum(shoelace(ring) for ring in same["geometry"]["coordinates"])
        assert area == pytest.approx(properties["area_um2"]) == pytest.approx(properties["pixels"] * 0.0734375**2)
        assert properties == same["properties"]
        assert properties["name"] == NAMES[properties["phase"]]
    [blue] = {str(f["properties"]["classification"]) for f in found["features"] if f["properties"]["phase"] == 1}
    assert blue == str({"name": NAMES[1], "color": [4, 5, 6]})
    totals = np.zeros(3)
    for feature in found["features"]:
        totals[feature["properties"]["phase"]] += feature["properties"]["pixels"]
    np.testing.assert_allclose(totals / phases.labels.size, phases.fractions)


def test_geojson_without_calibration_has_no_micrometres(tmp_path):
    [path] = export_phase_map(phase_map(pixel_size_um=None), tmp_path, "a", ["geojson"])
    assert {f["properties"]["area_um2"] for f in json.loads(path.read_text("utf-8"))["features"]} == {None}
    assert [path.name for path in tmp_path.iterdir()] == ["a_regions.geojson"]


@pytest.mark.parametrize("edge", [0.05, 0.00734375, 1 / 3, 120.0, None])
def test_ome_tiff(tmp_path, edge):
    phases = phase_map(pixel_size_um=edge)
    labels, abundances = export_phase_map(phases, tmp_path, "a", ["ome-tiff"])
    np.testing.assert_array_equal(tifffile.imread(labels), phases.labels)
    with tifffile.TiffFile(abundances) as tiff:
        assert tiff.is_ome
        assert tiff.series[0].axes == "CYX"
        np.testing.assert_array_equal(tiff.asarray(), phases.abundances)
        root = ElementTree.fromstring(tiff.ome_metadata or "")
    pixels = next(element for element in root.iter() if element.tag.endswith("}Pixels"))
    assert [element.get("Name") for element in pixels if element.tag.endswith("}Channel")] == list(NAMES)
    sizes = [pixels.get(key) for key in ("PhysicalSizeX", "PhysicalSizeY")]
    assert [None if size is None else float(size) for size in sizes] == [edge, edge]
    assert pixels.get("PhysicalSizeXUnit", "µm") == "µm"
    calibration = read_micrograph(labels, band="none").calibration
    assert calibration.pixel_size_um == (None if edge is None else pytest.approx(edge))


@pytest.mark.parametrize("edge", [0.05, 0.00734375, 1 / 3, 120.0, None])
def test_imagej_tiff(tmp_path, edge):
    phases = phase_map(pixel_size_um=edge)
    labels, abundances = export_phase_map(phases, tmp_path, "a", ["imagej"])
    with tifffile.TiffFile(labels) as tiff:
        np.testing.assert_array_equal(tiff.asarray(), phases.labels)
        metadata = tiff.imagej_metadata or {}
        np.testing.assert_array_equal(np.reshape(metadata["LUTs"], (3, 256))[:, :3].T, phase_colours(3))
    with tifffile.TiffFile(abundances) as tiff:
        np.testing.assert_array_equal(tiff.asarray(), phases.abundances)
        metadata = tiff.imagej_metadata or {}
        assert metadata["Labels"] == list(NAMES)
        tag = tiff.pages.first.tags.get("XResolution")
    assert metadata.get("unit") == (None if edge is None else "um")
    if edge is not None:
        assert tag is not None
        assert tag.value[1] / tag.value[0] == pytest.approx(edge)
    calibration = read_micrograph(labels, band="none").calibration
    assert calibration.pixel_size_um == (None if edge is None else pytest.approx(edge))


@pytest.mark.parametrize("edge", [0.05, None])
def test_npz(tmp_path, edge):
    phases = phase_map(pixel_size_um=edge)
    [path] = export_phase_map(phases, tmp_path, "a", ["npz"])
    with np.load(path, allow_pickle=False) as archive:
        np.testing.assert_array_equal(archive["labels"], phases.labels)
        np.testing.assert_array_equal(archive["abundances"], phases.abundances)
        np.testing.assert_array_equal(archive["fractions"], phases.fractions)
        assert tuple(archive["names"].tolist()) == NAMES
        np.testing.assert_equal(float(archive["pixel_size_um"]), np.nan if edge is None else edge)


def test_parquet_is_typed_and_knows_missing_values(tmp_path):
    rows = [PhaseFraction(0, "ferrite", 3, 0.75, 1.5), PhaseFraction(1, NAMES[1], 1, 0.25, None)]
    write_parquet(tmp_path / "a.parquet", [("x", rows), ("y", rows[1:])])
    table = parquet.read_table(tmp_path / "a.parquet")
    assert table.column_names == ["image", "phase", "name", "pixels", "fraction", "area_um2", "confidence"]
    assert table.column("area_um2").to_pylist() == [1.5, None, None]
    assert table.column("image").to_pylist() == ["x", "x", "y"]
    write_parquet(tmp_path / "b.parquet", [("y", rows[1:])])
    assert parquet.read_table(tmp_path / "b.parquet").schema == table.schema
    write_parquet(tmp_path / "c.parquet", [])
    assert parquet.read_table(tmp_path / "c.parquet").num_rows == 0


def test_formats_that_are_not_known_or_not_installed_are_named(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"'hdf5'; known: ome-tiff, imagej, npz, geojson, parquet"):
        export_phase_map(phase_map(), tmp_path, "a", ["npz", "hdf5"])
    assert not list(tmp_path.iterdir())
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setattr("segment.interchange.table.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"nmfcore\[parquet\]"):
        check_formats(["parquet"])
    assert check_formats(["npz"]) == ("npz",)


@pytest.mark.parametrize("chosen", IMAGE_FORMATS)
def test_a_folder_that_cannot_be_written_to_is_named(tmp_path, chosen):
    (tmp_path / "taken").touch()
    with pytest.raises(OutputError, match="taken"):
        export_phase_map(phase_map(), tmp_path / "taken", "a", [chosen])


@pytest.mark.parametrize("chosen", IMAGE_FORMATS)
def test_the_files_that_may_be_written_are_known_before(tmp_path, chosen):
    assert export_phase_map(phase_map(), tmp_path, "a", [chosen]) == export_paths(tmp_path, "a", [chosen])
    assert set(tmp_path.iterdir()) == set(export_paths(tmp_path, "a", [chosen, "parquet"]))


@pytest.mark.parametrize("chosen", IMAGE_FORMATS)
def test_single_pixels_and_single_phases_can_be_exported(tmp_path, chosen):
    labels = np.zeros((1, 1), dtype=np.uint8)
    assert all(path.stat().st_size for path in export_phase_map(phase_map(labels), tmp_path, "a", [chosen]))
