"""An image with a large excluded block gives the numbers of the part that is left."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import cKDTree
from typer.testing import CliRunner

from segment import Segmenter
from segment.anomaly import scan_areas, score_positions
from segment.atoms import find_columns, fit_lattices
from segment.cli import app
from segment.cli.atoms import read_plane
from segment.composition import settle
from segment.grains import largest_rectangle
from segment.inclusions import find_inclusions, join_stringers, rate_nodularity, rate_worst_field
from segment.io import from_array, write_png
from segment.io.decode import decode
from segment.io.exclude import fill
from segment.measure import measure_constituent
from segment.mixture.pixels import principal_views
from segment.model.choices import textures
from segment.model.choices.boundaries import examine
from segment.model.cleaning import clean
from segment.objects import find_objects, measure_objects
from segment.objects.find import fill_holes
from segment.pipeline import ReadOptions, run
from segment.pipeline.grains import GrainOptions, measure_grain_files
from segment.pipeline.objects import ObjectOptions, measure_files
from segment.pipeline.series import SeriesOptions, measure_series
from segment.records import GreyImage, Stringer, valid_of
from segment.samples import make_coarsening, make_columns, make_grains, make_micrograph
from segment.series import FrameSegmenter, open_series

BLOCK = 120


def with_block(image, level=0.0):
    """Return an image with a block of one level at its right, and which pixels count."""
    image = np.asarray(image)
    block = np.full((image.shape[0], BLOCK, *image.shape[2:]), level, image.dtype)
    valid = np.ones((image.shape[0], image.shape[1] + BLOCK), bool)
    valid[:, image.shape[1] :] = False
    return np.concatenate([image, block], axis=1), valid


def sample(shape=(160, 160), seed=3):
    return make_micrograph("dual_phase_steel", shape=shape, seed=seed).image


def test_fractions_that_an_image_estimates_of_itself():
    rng = np.random.default_rng(0)
    image = np.where(rng.random((80, 60)) < 0.2, 0.8, 0.3) + rng.normal(scale=0.05, size=(80, 60))
    abundances = np.stack([1 - image, image]) + 0.1 * rng.random((2, 80, 60))
    planes, image = abundances.astype(np.float32), image.astype(np.float32)
    wider, valid = with_block(image)
    # In the block the other phase is everywhere.
    wide = np.stack([with_block(planes[0], 0.01)[0], with_block(planes[1], 1.0)[0]])
    wider = fill(wider, valid)
    for views in (False, True):
        seen = [[principal_views(planes)], [principal_views(wide, valid)]] if views else [None, None]
        alone = settle([planes], [image], views=seen[0], smoothing=0)[0]
        beside = settle([wide], [wider], views=seen[1], smoothing=0, valid=[valid])[0]
        for name in ("target", "before", "after"):
            np.testing.assert_allclose(getattr(beside, name), getattr(alone, name), atol=1e-2)
        assert beside.flipped == pytest.approx(alone.flipped, abs=20)
        assert beside.is_guided == alone.is_guided


def test_estimated_fractions_of_a_map():
    image = sample()
    wider, valid = with_block(image)
    segmenter = Segmenter(2).fit(image)
    alone = segmenter.predict(image, fractions="auto")
    beside = segmenter.predict(from_array(wider, valid=valid), fractions="auto")
    np.testing.assert_allclose(beside.guidance.before, alone.guidance.before, atol=0.01)
    np.testing.assert_allclose(beside.guidance.after, beside.fractions, atol=0.01)
    np.testing.assert_allclose(beside.fractions, alone.fractions, atol=0.02)


def test_what_decides_between_grey_levels_textures_and_grains():
    image = sample().astype(np.float32) / 255
    wider, valid = with_block(image)
    beside = GreyImage(fill(wider, valid), valid=valid)
    assert textures.spread([beside], 2) == pytest.approx(textures.spread([image], 2), rel=1e-5)
    labels = (image > 0.5).astype(np.uint8)
    wide = (np.asarray(beside) > 0.5).astype(np.uint8)
    found = textures.order([wide], [4.0], [valid])
    assert found == pytest.approx(textures.order([labels], [4.0]), rel=1e-3)
    assert found != pytest.approx(textures.order([wide], [4.0]), rel=1e-3)
    expected = textures.contrast([image], [labels], [4.0])
    assert textures.contrast([beside], [wide], [4.0]) == pytest.approx(expected, rel=1e-3)
    levels = np.random.default_rng(0).normal(0.5, 0.15, (8, 8)).astype(np.float32)
    grains = np.kron(levels, np.ones((20, 20), np.float32))
    wider, valid = with_block(grains)
    alone, beside = (tuple(examine(one).values()) for one in (grains, GreyImage(fill(wider, valid), valid=valid)))
    assert beside == pytest.approx(alone, rel=0.02)


def test_small_regions_are_joined_to_what_counts():
    labels = np.zeros((6, 12), np.uint8)
    labels[2:4, 5:9] = 1
    valid = np.ones(labels.shape, bool)
    valid[:, 7:] = False
    # Of eight pixels four count: too small a region, and only the part that counts is given away.
    cleaned = clean(labels, 6, valid)
    assert not cleaned[valid].any()
    np.testing.assert_array_equal(cleaned[~valid], labels[~valid])
    assert clean(labels, 6).any()
    # A region without a neighbour stays.
    alone = np.zeros_like(valid)
    alone[2:4, 5:7] = True
    np.testing.assert_array_equal(clean(labels, 6, alone), labels)


def particles(shape=(120, 150), seed=1):
    rng = np.random.default_rng(seed)
    image = np.full(shape, 0.7)
    y, x = np.indices(shape)
    for _ in range(25):
        row, column, radius = rng.uniform(0, shape[0]), rng.uniform(0, shape[1]), rng.uniform(4, 9)
        image[np.hypot(y - row, x - column) < radius] = 0.2
    image[np.hypot(y - 60, x - shape[1] + 4) < 8] = 0.2
    return (image + rng.normal(0, 0.02, shape)).astype(np.float32)


@pytest.mark.parametrize("split", [True, False])
def test_objects_and_their_edges(split):
    image = particles()
    wider, valid = with_block(image)
    wider = fill(wider, valid)
    alone = find_objects(image, split=split)
    beside = find_objects(GreyImage(wider, valid=valid), split=split)
    np.testing.assert_array_equal(beside[valid].reshape(image.shape), alone)
    assert not beside[~valid].any()
    expected = measure_objects(alone, image, pixel_size_um=0.5).table
    table = measure_objects(beside, wider, pixel_size_um=0.5, valid=valid).table
    assert table["touches_edge"].sum() > measure_objects(beside, wider).table["touches_edge"].sum()
    for name, column in expected.columns.items():
        np.testing.assert_allclose(table[name], column, rtol=1e-9, err_msg=name)


def test_a_hole_that_is_cut_is_none():
    ring = np.zeros((12, 12), bool)
    ring[2:10, 2:10], ring[4:8, 4:8] = True, False
    valid = np.ones(ring.shape, bool)
    valid[5, 5] = False
    assert not fill_holes(ring, valid)[6, 6]
    assert fill_holes(ring)[6, 6]


def test_objects_of_files(tmp_path):
    image = np.rint(255 * particles()).astype(np.uint8)
    wider, valid = with_block(image, 40)
    for name, pixels in (("alone", image), ("beside", wider)):
        write_png(tmp_path / f"{name}.png", pixels)
    write_png(tmp_path / "beside_mask.png", np.uint8(255) * valid)
    options = ReadOptions(overlays="none", scale_bar_um="none", band="none", mask=str(tmp_path / "beside_mask.png"))
    plain = ReadOptions(overlays="none", scale_bar_um="none", band="none")
    found = []
    for name, read in (("alone", plain), ("beside", options)):
        results, failures = measure_files([tmp_path / f"{name}.png"], tmp_path / "out", ObjectOptions(), read)
        assert not failures
        found.append(results[0])
    expected, means = ([mean.value for mean in one.sizes.means] for one in found)
    assert means == pytest.approx(expected, rel=1e-9)
    assert len(found[0].objects) > 5
    run([tmp_path / "beside.png"], Segmenter(2), tmp_path / "phases", options=options)
    labels = tmp_path / "phases" / "beside_labels.png"
    (result,), failures = measure_files([labels], tmp_path / "more", ObjectOptions(phase="0"), plain)
    assert not failures
    assert not result.objects.labels[~valid].any()
    at_block = result.objects.labels[:, image.shape[1] - 1]
    ids = np.unique(at_block[at_block > 0])
    assert len(ids)
    assert result.objects.table["touches_edge"][np.isin(result.objects.table["label"], ids)].all()


def test_inclusions_and_their_ratings():
    image = particles((200, 260), seed=4)
    wider, valid = with_block(image)
    alone = find_inclusions(image)
    beside = find_inclusions(GreyImage(fill(wider, valid), valid=valid))
    assert not beside.mask[~valid].any()
    assert np.mean(beside.mask[valid].reshape(image.shape) != alone.mask) < 1e-3
    assert beside.area_fraction == pytest.approx(alone.area_fraction, rel=0.01)
    mask, wide = alone.mask, with_block(alone.mask)[0]
    wide[:, image.shape[1] :] = np.random.default_rng(0).random((200, BLOCK)) < 0.5
    expected = measure_constituent(mask, pixel_size_um=1.0)
    assert measure_constituent(wide, pixel_size_um=1.0, valid=valid) == expected
    assert measure_constituent(wide, pixel_size_um=1.0) != expected
    rated, rated_alone = (
        rate_nodularity(one, pixel_size_um=1.0, valid=part) for one, part in ((wide, valid), (mask, None))
    )
    assert (rated.percent, rated.n_cut, rated.n_graphite) == (
        rated_alone.percent,
        rated_alone.n_cut,
        rated_alone.n_graphite,
    )
    lines = tuple(Stringer((n,), "A", "thin", 50.0 * n, 3.0, (20.0 * n, 25.0 * n)) for n in range(1, 9))
    for stringers, edge in ((join_stringers(alone.labels, pixel_size_um=0.5), 0.5), (lines, 4.0)):
        expected = rate_worst_field(stringers, mask.shape, pixel_size_um=edge)
        found = rate_worst_field(stringers, wide.shape, pixel_size_um=edge, valid=valid)
        assert found == expected
        assert any(rating.total for rating, _ in found)
    # A hole in a field brings its total to the area that is left; where there is no field, the whole is rated.
    hole = valid.copy()
    hole[100:120, 100:120] = False
    (first, corner), *_ = rate_worst_field(lines, wide.shape, pixel_size_um=4.0, valid=hole)
    side = 1000 * 0.5**0.5 / 4.0
    assert first.total == pytest.approx(expected[0][0].total / (1 - 400 / side**2), rel=0.01)
    assert corner == expected[0][1]
    hole[::4] = False
    (first, corner), *_ = rate_worst_field(lines, wide.shape, pixel_size_um=4.0, valid=hole)
    assert first.total == pytest.approx(sum(line.length_um for line in lines) * 0.5 / (hole.sum() * 1.6e-5))


def test_inclusions_in_an_odd_field():
    # An inclusion that a hole in the middle cuts counts half, as at the edge.
    mask = np.zeros((60, 60), bool)
    mask[10:20, 10:20] = mask[40:50, 40:50] = True
    valid = np.ones(mask.shape, bool)
    valid[45:55, 40:50] = False
    field = measure_constituent(mask, pixel_size_um=1.0, valid=valid)
    assert field.area_fraction == pytest.approx(150 / 3500)
    assert field.per_mm2 == pytest.approx(1e6 * 1.5 / 3500)
    assert field.intercepts_per_mm == pytest.approx(1000 * 15 / 3500)


def test_positions_and_areas_beside_a_block():
    rng = np.random.default_rng(2)
    places, areas = rng.uniform(0, [100, 140], (80, 2)), rng.uniform(1, 5, 80)
    valid = np.zeros((100, 300), bool)
    valid[:, 100:240] = True
    alone, shifted = score_positions(places, areas, (100, 140)), places + [0, 100]
    beside = score_positions(shifted, areas, (100, 300), valid=valid)
    for name in ("isolation", "isolation_p", "crowding_p"):
        np.testing.assert_allclose(getattr(beside, name), getattr(alone, name), atol=1e-9)
    assert np.abs(score_positions(shifted, areas, (100, 300)).crowding_p - alone.crowding_p).max() > 0.05
    expected = scan_areas(places, areas, (100, 140))
    found = scan_areas(shifted, areas, (100, 300), valid=valid)
    assert [region.score for region in found] == pytest.approx([region.score for region in expected])
    assert found[0].left == pytest.approx(expected[0].left + 100)
    # A field of another form: pixel by pixel, and within what a pixel is worth.
    cut = valid.copy()
    cut[:2, 100:102] = False
    rough = score_positions(shifted[(places > 2).all(axis=1)], areas[(places > 2).all(axis=1)], (100, 300), valid=cut)
    exact = score_positions(places[(places > 2).all(axis=1)], areas[(places > 2).all(axis=1)], (100, 140))
    np.testing.assert_allclose(rough.isolation, exact.isolation, atol=0.05)


def test_chance_in_a_field_with_a_hole():
    # Objects at random in a ring: about one in twenty has p <= .05, and no area is unusual.
    valid = np.ones((200, 200), bool)
    valid[50:150, 50:150] = False
    cells = np.argwhere(valid)
    isolated, crowded, region = [], [], []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        places = cells[rng.integers(len(cells), size=150)] + rng.random((150, 2))
        scores = score_positions(places, np.ones(150), (200, 200), valid=valid)
        isolated.append(np.mean(scores.isolation_p <= 0.05))
        crowded.append(np.mean(scores.crowding_p <= 0.05))
        region.append(scan_areas(places, np.ones(150), (200, 200), valid=valid)[0].p)
    assert 0.01 < np.mean(isolated) < 0.12
    assert 0.005 < np.mean(crowded) < 0.15
    assert np.median(region) > 0.05


def test_grains_of_the_largest_rectangle(tmp_path):
    drawn = make_grains((160, 200), grain_px=20, seed=3)
    image = np.where(drawn.boundaries, 60, 190) + np.random.default_rng(1).normal(0, 4, drawn.boundaries.shape)
    wider, valid = with_block(np.clip(image, 0, 255).astype(np.uint8), 30)
    wider[:, -BLOCK::7] = 200
    write_png(tmp_path / "alone.png", wider[:, :200].copy())
    write_png(tmp_path / "beside.png", wider)
    write_png(tmp_path / "beside_mask.png", np.uint8(255) * valid)
    plain = ReadOptions(band="none", pixel_size_um=0.5, overlays="none", scale_bar_um="none")
    masked = replace(plain, mask=str(tmp_path / "beside_mask.png"))
    for convention in ("e112", "nist", "mlography"):
        alone, beside = (
            measure_grain_files([tmp_path / f"{name}.png"], tmp_path / name, GrainOptions(convention=convention), read)
            for name, read in (("alone", plain), ("beside", masked))
        )
        assert beside.mean_intercept_px == alone.mean_intercept_px
        assert [(size.method, size.G) for size in beside.sizes] == [(size.method, size.G) for size in alone.sizes]
        assert any("columns 0 to 199" in caveat for caveat in beside.caveats)
    assert (decode((tmp_path / "beside" / "beside_boundaries.png").read_bytes())).shape[:2] == wider.shape


def test_largest_rectangles():
    rng = np.random.default_rng(0)
    for _ in range(20):
        valid = rng.random((9, 11)) < 0.8
        rows, columns = largest_rectangle(valid)
        assert valid[rows, columns].all()
        found = valid[rows, columns].size
        best = max(
            (bottom - top) * (right - left)
            for top in range(9)
            for bottom in range(top + 1, 10)
            for left in range(11)
            for right in range(left + 1, 12)
            if valid[top:bottom, left:right].all()
        )
        assert found == best
    wide = np.ones((700, 900), bool)
    wide[:, 601:] = False
    assert largest_rectangle(wide) == (slice(0, 700), slice(0, 601))
    with pytest.raises(ValueError, match="every pixel is excluded"):
        largest_rectangle(np.zeros((4, 4), bool))


def test_frames_of_a_film_with_black_borders(tmp_path):
    film = make_coarsening(n_frames=4, shape=(128, 128), n_particles=40, seed=1)
    valid = np.ones((128, 128 + 40), bool)
    valid[:, :40] = False
    for index, frame in enumerate(film.frames):
        wide = np.zeros((128, 168), np.uint8)
        wide[:, 40:] = np.maximum(frame, 1)
        write_png(tmp_path / "beside" / f"frame_{index}.png", wide)
        write_png(tmp_path / "alone" / f"frame_{index}.png", np.maximum(frame, 1))
    alone, beside = (open_series(tmp_path / name) for name in ("alone", "beside"))
    np.testing.assert_array_equal(valid_of(beside.read(0)), valid)
    teach = [FrameSegmenter.fit([one.read(0), one.read(1)]) for one in (alone, beside)]
    assert teach[1].threshold == pytest.approx(teach[0].threshold, rel=1e-4)
    found = [one.segment(film.read(2)) for one, film in zip(teach, (alone, beside), strict=True)]
    assert not found[1][:, :40].any()
    assert np.mean((found[1][:, 40:] > 0) != (found[0] > 0)) < 0.002
    results = [measure_series(film, SeriesOptions()) for film in (alone, beside)]
    assert results[1].area.left >= 40
    first, second = (np.bincount(one.tracks.table["frame"], minlength=4) for one in results)
    assert np.all(np.abs(first - second) <= 2)


def test_columns_beside_a_block(tmp_path):
    sample = make_columns(shape=(128, 160), counts=100, random_state=0)
    cut = sample.image.copy()
    cut[:, 110:] = 5 * cut.max()
    np.save(tmp_path / "a.npy", cut.astype(np.float32))
    valid = np.ones(cut.shape, bool)
    valid[:, 110:] = False
    write_png(tmp_path / "a_mask.png", np.uint8(255) * valid)
    plane = read_plane(tmp_path / "a.npy", tmp_path / "a_mask.png")
    np.testing.assert_array_equal(np.isnan(plane), ~valid)
    found = find_columns(plane)
    assert (found.positions[:, 1] < 110.5).all()
    alone = find_columns(sample.image[:, :110])
    inner = found.positions[found.positions[:, 1] < 100]
    distance = cKDTree(alone.positions).query(inner)[0]
    assert np.quantile(distance, 0.98) < 0.3
    assert len(inner) == pytest.approx(np.sum(alone.positions[:, 1] < 100), abs=2)


def test_nobody_knows_whether_a_site_is_empty_where_pixels_are_excluded():
    image = make_columns(shape=(160, 160), counts=200, random_state=1).image.astype(float)
    columns = find_columns(image)
    (lattice,) = fit_lattices(columns)[:1]
    inner = np.flatnonzero(np.abs(columns.positions - 80).max(axis=1) < 30)
    row, column = np.rint(columns.positions[inner[0]]).astype(int)
    hole = image.copy()
    reach = round(2 * columns.shape.sigma_px) + 1
    hole[row - reach : row + reach + 1, column - reach : column + reach + 1] = np.nan
    found = find_columns(hole)
    assert cKDTree(found.positions).query((row, column))[0] > 2
    near = np.hypot(*(fit_lattices(found)[0].empty - (row, column)).T) < 2
    assert not near.any()
    assert len(fit_lattices(replace(found, is_known=None))[0].empty) > len(fit_lattices(found)[0].empty)
    assert len(fit_lattices(found)[0].empty) <= len(lattice.empty)


def test_masks_on_the_command_line(tmp_path):
    image = np.rint(255 * particles()).astype(np.uint8)
    wider, valid = with_block(image, 40)
    write_png(tmp_path / "in" / "a.png", wider)
    write_png(tmp_path / "in" / "a_mask.png", np.uint8(255) * valid)
    common = [str(tmp_path / "in"), "--mask", str(tmp_path / "in"), "--pixel-size", "0.5", "--band", "none"]
    for command in ("objects", "inclusions", "anomalies", "grains"):
        out = tmp_path / command
        result = CliRunner().invoke(app, [command, *common, "--out", str(out)])
        assert result.exit_code == 0, result.output
        said = result.output + "".join(path.read_text() for path in out.glob("*.json"))
        assert "are 0 in a_mask.png: excluded" in said
