from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, average_precision_score

from segment.atoms import (
    burgers_circuits,
    check_lattice,
    classify_columns,
    find_by_threshold,
    find_cells,
    find_columns,
    find_motifs,
    find_patch_parts,
    fit_lattices,
    join_neighbours,
    measure_order,
    measure_strain,
    next_field,
    rank_defects,
    score_overview,
    tour,
)
from segment.evaluate import match_columns
from segment.records import Columns, ColumnShape, ImageNoise
from segment.samples import make_bicrystal, make_columns, make_defect_world


def _ideal(kind, n=9):
    i, j = np.mgrid[:n, :n].reshape(2, -1)
    if kind == "square":
        return np.stack([i, j], axis=1).astype(float)
    triangular = np.stack([j * np.sqrt(3) / 2, i + j / 2], axis=1)
    if kind == "triangular":
        return triangular
    cell = np.sqrt(3) * triangular
    return np.concatenate([cell, cell + np.array([0.5, np.sqrt(3) / 2])])


@pytest.mark.parametrize("graph", ["delaunay", "gabriel"])
@pytest.mark.parametrize(
    ("kind", "coordination", "psi_4", "psi_6"),
    [("square", 4, 1.0, 0.0), ("triangular", 6, 0.0, 1.0), ("honeycomb", 3, 0.0, 1.0)],
)
def test_order_of_ideal_lattices_is_exact(graph, kind, coordination, psi_4, psi_6):
    order = measure_order(join_neighbours(_ideal(kind), graph))
    inner = join_neighbours(_ideal(kind), "delaunay").is_inner
    assert inner.sum() >= 9
    assert set(order.coordination[inner]) == {coordination}
    assert np.abs(order.psi_4[inner] - psi_4).max() < 1e-9
    assert np.abs(order.psi_6[inner] - psi_6).max() < 1e-9
    assert np.abs(order.bond[inner] - 1).max() < 1e-9
    assert len(order.five_seven) == 0


def test_nearest_neighbours_are_as_many_as_asked():
    graph = join_neighbours(_ideal("square"), "nearest", k=4)
    assert graph.coordination.min() >= 4
    for bad in ({"kind": "ring"}, {"kind": "nearest", "k": 200}):
        with pytest.raises(ValueError, match="kind must be|too few"):
            join_neighbours(_ideal("square"), **bad)
    with pytest.raises(ValueError, match="lie on a line"):
        join_neighbours(np.stack([np.arange(9.0), np.arange(9.0)], axis=1))


def test_defects_of_a_bicrystal_rank_first_and_motifs_survive_a_wrong_number():
    crystal = make_bicrystal(size=40, noise=0.05, random_state=3)
    graph = join_neighbours(crystal.positions)
    counted = crystal.is_counted
    score = rank_defects(graph, measure_order(graph))
    assert average_precision_score(crystal.motif[counted] > 0, score[counted]) > 0.95
    for k in (3, 5):
        motifs = find_motifs(graph, k)
        assert adjusted_rand_score(crystal.motif[counted], motifs.label[counted]) > 0.8
        assert motifs.sentences[0].startswith("six neighbours, next to six, with no hole")
    smooth = find_motifs(graph, 3, smoothness=0.1)
    assert (smooth.label == find_motifs(graph, 3).label).mean() > 0.9
    with pytest.raises(ValueError, match="too few for statistics"):
        find_motifs(join_neighbours(_ideal("square", 4)))


def _columns(places, amplitude, shape, error=0.02):
    n = len(places)
    small = np.full(n, error)
    return Columns(
        places[:, 0], places[:, 1], amplitude, small, small, small * amplitude.mean(), amplitude / small,
        np.zeros(n), np.zeros(n, dtype=bool), ColumnShape(2.0, 0.0), ImageNoise(1.0, 0.0), shape, 1.0, 3.5, 20.0,
    )  # fmt: skip


def _crystal(structure="mos2", shear=0.0, seed=0, **options):
    sample = make_columns(structure, shape=(300, 300), shear=shear, random_state=seed, **options)
    there = sample.amplitude > 0
    rng = np.random.default_rng(seed)
    places = np.stack([sample.y, sample.x], axis=1)[there] + 0.1 * rng.standard_normal((int(there.sum()), 2))
    amplitude = sample.amplitude[there] * (1 + 0.03 * rng.standard_normal(int(there.sum())))
    return sample, _columns(places, amplitude, (300, 300), 0.03)


@pytest.mark.parametrize("rotation", [0.0, 23.0, 41.0])
@pytest.mark.parametrize(("structure", "a", "angle"), [("mos2", 316.0, 120.0), ("srtio3", 390.5, 90.0)])
def test_the_lattice_and_its_empty_sites_are_found(structure, a, angle, rotation):
    sample, columns = _crystal(structure, rotation_deg=rotation, seed=4)
    (lattice,) = fit_lattices(columns)
    assert lattice.a * 15.6 == pytest.approx(a, rel=2e-3)
    assert lattice.b * 15.6 == pytest.approx(a, rel=2e-3)
    assert lattice.angle_deg == pytest.approx(angle, abs=0.2)
    assert lattice.n_sublattices == 2
    assert 0 < lattice.a_error < 0.02
    gone = np.stack([sample.y, sample.x], axis=1)[sample.amplitude == 0]
    scores = match_columns(lattice.empty, gone, tolerance=3.0, shape=(300, 300), margin=25)
    assert scores.f1 == 1.0


def test_columns_of_less_or_more_than_their_neighbours_are_classified_by_sublattice():
    sample, columns = _crystal(seed=5)
    (lattice,) = fit_lattices(columns)
    classes = classify_columns(columns, lattice)
    kind = sample.kind[sample.amplitude > 0]
    inside = np.all((columns.positions > 30) & (columns.positions < 270), axis=1)
    is_rare = np.isin(kind, ["S1", "V"])
    assert is_rare[inside].sum() >= 4
    assert np.array_equal(classes.label[inside] == "low", is_rare[inside])
    assert set(lattice.sublattice[inside & (kind == "V")]) == {0}
    assert set(lattice.sublattice[inside & (kind == "S1")]) == {1}
    assert np.allclose(classes.ratio[inside & (kind == "S1")], 0.5, atol=0.1)
    with pytest.raises(ValueError, match="false_rate must be"):
        classify_columns(columns, lattice, false_rate=1.0)


def test_strain_is_that_of_the_sample():
    _, columns = _crystal(seed=6, defects=False)
    (lattice,) = fit_lattices(columns)
    stretched = columns.positions * np.array([1.0, 1.02]) ** (columns.positions[:, 1:] > 150)
    half = _columns(stretched, columns.amplitude, (300, 306), 0.03)
    strain = measure_strain(half, lattice)
    left, right = (np.nanmedian(strain[part, 0]) for part in (columns.x < 130, columns.x > 170))
    assert right - left == pytest.approx(0.02, abs=0.003)


def test_a_dislocation_does_not_close_its_circuit():
    places = 20.0 * _ideal("triangular", 24)
    angle = np.arctan2(places[:, 0] - places[:, 0].mean() - 3, places[:, 1] - places[:, 1].mean() - 4)
    moved = places + np.stack([0 * angle, angle / (2 * np.pi) * 20.0], axis=1)
    columns = _columns(places, np.full(len(places), 10.0), (450, 750))
    (lattice,) = fit_lattices(columns)
    assert len(burgers_circuits(lattice, join_neighbours(places))[0]) == 0
    _, vectors = burgers_circuits(lattice, join_neighbours(moved))
    total = np.abs(vectors.sum(axis=0) @ np.stack([lattice.a_px, lattice.b_px]))
    assert total == pytest.approx([0.0, 20.0], abs=0.5)


def test_no_lattice_is_found_in_what_has_none_and_two_in_two_grains():
    rng = np.random.default_rng(7)
    scattered = rng.uniform(0, 300, (400, 2))
    assert fit_lattices(_columns(scattered, np.full(400, 5.0), (300, 300))) == ()
    crystal = make_bicrystal(size=30, noise=0.02, vacancies=0.0, random_state=0)
    places = 12 * (crystal.positions + 15)
    two = fit_lattices(_columns(places, np.full(len(places), 5.0), (360, 360)))
    assert len(two) == 2
    angle = [np.degrees(np.arctan2(*lattice.a_px)) for lattice in two]
    assert (angle[0] - angle[1]) % 60 == pytest.approx(18, abs=1) or (angle[1] - angle[0]) % 60 == pytest.approx(
        18, abs=1
    )
    with pytest.raises(ValueError, match="5 columns are too few"):
        fit_lattices(_columns(scattered[:5], np.full(5, 5.0), (300, 300)))


def test_a_wrong_pixel_size_is_flagged():
    _, columns = _crystal(seed=8)
    (lattice,) = fit_lattices(columns)
    cells = find_cells("MoS2 monolayer")
    assert cells == ((316.0, 316.0, 120.0),)
    right = check_lattice(lattice, 15.6, cells)
    assert not right.is_wrong
    assert right.ratio == pytest.approx(1.0, abs=2e-3)
    wrong = check_lattice(lattice, 15.6 * 1.07, cells)
    assert wrong.is_wrong
    assert "rather than" in wrong.verdict
    assert "factor of 1000" in check_lattice(lattice, 15600.0, cells).verdict
    assert "cannot be checked" in check_lattice(lattice, None, cells).verdict
    assert find_cells("cheese") == ()
    with pytest.raises(ValueError, match="pixel_size_pm must be"):
        check_lattice(lattice, -1.0, cells)


def test_patches_abstain_where_all_columns_look_alike():
    sample = make_columns("srtio3", shape=(220, 220), counts=200, defects=False, random_state=1)
    columns = find_columns(sample.image)
    parts = find_patch_parts(sample.image, columns, n_parts=2)
    (lattice,) = fit_lattices(columns)
    used = (parts.label >= 0) & (lattice.sublattice >= 0)
    assert not parts.abstains
    assert adjusted_rand_score(lattice.sublattice[used], parts.label[used]) > 0.95
    noise = np.random.default_rng(0).poisson(50, sample.image.shape).astype(float)
    assert find_patch_parts(noise, columns, n_parts=2).abstains


def test_the_forerunner_joins_what_touches():
    sample = make_columns(shape=(128, 128), counts=100, random_state=1)
    found = find_by_threshold(sample.image)
    scores = match_columns(found, np.stack([sample.y, sample.x], axis=1), tolerance=5.0)
    assert 0.3 < scores.f1 < 0.95


def test_guidance_finds_more_than_chance_and_an_overview_more_still():
    shares = {"random": [], "blind": [], "overview": []}
    for seed in range(4):
        world = make_defect_world(random_state=seed)
        total = world.n_defects.sum()
        rng = np.random.default_rng(seed)
        shares["random"].append(rng.permutation(world.n_defects.ravel())[:51].sum() / total)
        shares["blind"].append(tour(world.look, (16, 16), most=51).found.sum() / total)
        score = score_overview(world.overview, (16, 16))
        shares["overview"].append(tour(world.look, (16, 16), most=51, score=score).found.sum() / total)
    mean = {name: np.mean(values) for name, values in shares.items()}
    assert mean["blind"] > mean["random"] + 0.15
    assert mean["overview"] > mean["blind"] + 0.05


def test_a_tour_stops_where_nothing_is_worth_a_visit():
    world = np.zeros((10, 10))
    empty = tour(lambda row, column: world[row, column], (10, 10), most=100, worth=3.0)
    assert len(empty.fields) < 60
    assert "no field is expected" in empty.reason
    whole = tour(lambda row, column: 1.0, (3, 3), most=50)
    assert len({tuple(field) for field in whole.fields}) == 9
    with pytest.raises(ValueError, match="all 9 fields"):
        next_field((3, 3), whole.fields, whole.found)
    with pytest.raises(ValueError, match="a value for each of 1"):
        next_field((3, 3), [[0, 0]], [])
