"""Refined phases that are described anew for each image of a batch."""

import json
from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from segment.evaluate import evaluate
from segment.mixture import boundaries, select
from segment.mixture.leaders import leaders
from segment.mixture.mixture import Mixture
from segment.mixture.normals import fit_normals
from segment.mixture.pixels import calm, see
from segment.mixture.select import adapt
from segment.model import Segmenter, mapping
from segment.model.mapping import find_abundances
from segment.pipeline import apply
from segment.samples import make_micrograph, write_samples

QUICK = {"tol": 1e-2}


def alloy(seed, shape=(150, 200)):
    """Three phases whose look changes a little from image to image, and the grey levels."""
    sample = make_micrograph("nickel_superalloy", shape=shape, band=False, seed=seed)
    return sample.truth, sample.image.astype(np.float32) / np.float32(255)


def disc(radius, shape=(64, 64)):
    rows, columns = np.indices(shape)
    return ((rows - 30) ** 2 + (columns - 32) ** 2 < radius**2).astype(np.uint8)


def planted(seed=0):
    """Features and grey levels of a disc, radius 18."""
    rng = np.random.default_rng(seed)
    inside = disc(18)
    features = np.stack([4.0 * inside, 0.1 * inside]) + 0.15 * rng.normal(size=(2, *inside.shape))
    grey = (0.3 + 0.3 * inside + 0.01 * rng.normal(size=inside.shape)).astype(np.float32)
    return features.reshape(2, -1).T.astype(np.float32), grey


def as_shares(labels):
    return (labels.ravel() == np.arange(2)[:, None]).astype(np.float32)


@pytest.fixture(scope="module")
def fitted():
    return Segmenter(3, **QUICK).fit([alloy(0)[1], alloy(1)[1]])


@pytest.fixture(scope="module")
def alone():
    return Segmenter(3, **QUICK).fit(alloy(0)[1])


def adapted(segmenter):
    """Return the maps of the images for which the phases are described anew; there must be some."""
    maps = {seed: segmenter.predict(alloy(seed)[1]) for seed in range(2, 6)}
    found = {seed: phase_map for seed, phase_map in maps.items() if phase_map.treatment.adaptation is not None}
    assert found
    return found


@pytest.fixture(scope="module")
def maps(alone):
    return adapted(alone)


@pytest.mark.parametrize("flip", [0, 1])
def test_boundaries_move_to_where_the_image_changes_and_phases_keep_their_ids(flip):
    X, grey = planted()
    shared, wanted = disc(24) ^ flip, disc(18) ^ flip
    shares, found = adapt(X, grey, as_shares(shared), None)
    labels = leaders(shares).reshape(grey.shape)
    assert np.mean(labels == wanted) > 0.98
    np.testing.assert_allclose(shares.sum(axis=0), 1, atol=1e-5)
    assert found.moved == pytest.approx(np.mean(labels != shared))
    assert found.sharpness_after > select.SHARPER * found.sharpness_before > 0


def test_a_map_whose_boundaries_are_as_sharp_stays():
    X, grey = planted()
    assert adapt(X, grey, as_shares(disc(18)), None) is None
    assert adapt(X, grey, as_shares(np.zeros_like(disc(18))), None) is None


def test_a_description_that_swaps_phases_does_not_count(monkeypatch):
    X, grey = planted()
    fit = select.fit
    monkeypatch.setattr(select, "fit", lambda views, labels, n, common: fit(views, 1 - labels, n, common=common))
    assert adapt(X, grey, as_shares(disc(24)), None) is None


def test_large_images_are_judged_on_every_second_pixel(monkeypatch):
    X, grey = planted()
    monkeypatch.setattr(boundaries, "LOOKED_AT", 64)
    shares, _ = adapt(X, grey, as_shares(disc(24)), None)
    assert np.mean(leaders(shares) == disc(18).ravel()) > 0.98


def test_every_image_counts_alike_where_a_shared_description_is_chosen():
    """A patch of one image is sharper than the discs of both, and no description of the other image."""
    patch = np.zeros((64, 64), dtype=np.uint8)
    patch[50:58, 4:12] = 1
    first, second = planted(0), planted(1)
    first[0][:, 1] += 6 * patch.ravel()
    # As many pixels in each direction as the features: the patch must not drown among them.
    X, levels = np.concatenate([first[0], second[0]]), np.concatenate([first[1].ravel(), second[1].ravel()])
    nothing = np.zeros_like(patch)
    starts = [np.concatenate([one.ravel() for one in pair]) for pair in ((patch, nothing), (disc(18), disc(18)))]
    images = [(X_of, grey, calm(grey), nothing) for X_of, grey in (first, second)]
    for order in (1, -1):
        mixture = select.refine(2, starts[::order], (X, levels), images)
        labels = leaders(mixture.shares(second[0], second[1].ravel()))
        assert np.mean(labels == disc(18).ravel()) > 0.98


def test_the_image_that_alone_taught_a_model_keeps_its_description(alone, monkeypatch, tmp_path):
    called = []
    monkeypatch.setattr(mapping, "adapt", lambda *_: called.append(1))
    alone.predict(alloy(0)[1])
    alone.save(tmp_path / "model.npz")
    Segmenter.load(tmp_path / "model.npz").predict(alloy(0)[1])
    assert not called
    alone.predict(alloy(1)[1])
    assert len(called) == 1
    # Of a batch each image is described by itself.
    Segmenter(3, **QUICK).fit([alloy(0)[1], alloy(1)[1]]).predict(alloy(0)[1])
    assert len(called) == 1


def test_a_file_and_its_pixels_are_one_image(monkeypatch, tmp_path):
    path = write_samples(tmp_path, 1, materials=["ductile_iron"], shape=(64, 64))[0]
    segmenter = Segmenter(3, **QUICK).fit(path)
    called = []
    monkeypatch.setattr(mapping, "adapt", lambda *_: called.append(1))
    segmenter.predict(path)
    assert not called


def test_a_phase_of_two_looks_keeps_both():
    rng = np.random.default_rng(0)
    inside, wide, half = disc(18), disc(24), (np.indices((64, 64))[1] > 31).astype(np.uint8)
    # Dark and bright surroundings are one phase, the disc between them another.
    feature = np.where(inside, 4.0, 8.0 * half)
    X = (np.stack([feature, 0.1 * inside]) + 0.15 * rng.normal(size=(2, 64, 64))).reshape(2, -1).T.astype(np.float32)
    grey = np.full((64, 64), 0.5, np.float32) + np.float32(0.01) * rng.normal(size=(64, 64)).astype(np.float32)
    views = see(np.eye(2, dtype=np.float32), X, calm(grey).ravel())
    look = fit_normals(views, np.where(wide, 2, half).ravel(), 3, 1.0)
    mixture = Mixture(
        np.eye(2, dtype=np.float32), look.means, look.whiteners, look.log_volumes, look.fractions, (0, 0, 1)
    )
    shares, _ = adapt(X, grey, as_shares(wide), mixture)
    assert np.mean(leaders(shares) == inside.ravel()) > 0.98


@pytest.mark.parametrize(
    "change",
    [{"refine": False}, {"n_phases": 1}, {"labels": True, "n_phases": 2}],
    ids=["components", "one phase", "taught"],
)
def test_other_models_map_every_image_as_it_is(change, monkeypatch):
    labels = [alloy(0)[0], None] if change.pop("labels", False) else None
    segmenter = Segmenter(**{"n_phases": 3, **QUICK, **change}).fit([alloy(0)[1], alloy(1)[1]], labels)
    monkeypatch.setattr(mapping, "adapt", lambda *_: pytest.fail("described anew"))
    segmenter.predict(alloy(2)[1])


def test_maps_of_other_images_are_nearer_the_truth_than_the_shared_ones(alone, maps, monkeypatch):
    after = {seed: phase_map.labels for seed, phase_map in maps.items()}
    monkeypatch.setattr(mapping, "adapt", lambda *_: None)
    before = {seed: alone.predict(alloy(seed)[1]).labels for seed in after}
    scores = [
        np.mean([evaluate(labels, alloy(seed)[0], n_classes=3).mean_iou for seed, labels in found.items()])
        for found in (before, after)
    ]
    assert scores[1] > scores[0] + 0.02


def test_a_saved_model_describes_anew_in_the_same_way_in_any_order(alone, maps, tmp_path):
    alone.save(tmp_path / "model.npz")
    again = Segmenter.load(tmp_path / "model.npz")
    for seed in reversed(maps):
        phase_map = again.predict(alloy(seed)[1])
        np.testing.assert_array_equal(phase_map.abundances, maps[seed].abundances)
        assert phase_map.treatment == maps[seed].treatment
    assert again.model.digest == alone.model.digest


def test_the_same_bits_for_any_number_of_threads(alone, maps):
    seed, found = next(iter(maps.items()))
    for threads in (1, 2):
        with threadpool_limits(threads):
            np.testing.assert_array_equal(alone.predict(alloy(seed)[1]).abundances, found.abundances)


def test_phases_keep_ids_from_dark_to_bright(alone, fitted):
    for segmenter in (alone, fitted):
        for seed in range(2, 6):
            phase_map, grey = segmenter.predict(alloy(seed)[1]), alloy(seed)[1]
            levels = [grey[phase_map.labels == phase].mean() for phase in range(3) if phase_map.fractions[phase] > 0.01]
            assert levels == sorted(levels)


def test_guidance_starts_from_the_components_all_the_same(alone, maps):
    seed, plain = next(iter(maps.items()))
    image, components = alloy(seed)[1], replace(alone.model, mixture=None)
    wanted = find_abundances(image, components, is_own=True).abundances
    for model in (alone.model, components):
        found = find_abundances(image, model, with_views=True)
        assert found.adaptation is not None
        np.testing.assert_array_equal(found.evidence, wanted)
    np.testing.assert_array_equal(find_abundances(image, alone.model, with_views=True).abundances, plain.abundances)


def test_components_are_described_where_no_shared_description_counts(alone):
    components = Segmenter.from_model(replace(alone.model, mixture=None))
    seed, found = next(iter(adapted(components).items()))
    with_fractions = components.predict(alloy(seed)[1], fractions="auto")
    np.testing.assert_array_equal(with_fractions.abundances, found.abundances)


def test_the_side_car_says_how_an_image_was_described_anew(alone, tmp_path):
    names = [f"nickel_superalloy-{seed:03d}" for seed in range(6)]
    paths = write_samples(tmp_path / "in", 6, materials=["nickel_superalloy"], shape=(150, 200))
    apply(alone, paths, tmp_path / "out")
    said = [json.loads((tmp_path / "out" / f"{name}.json").read_text())["treatment"]["adaptation"] for name in names]
    found = [record for record in said if record is not None]
    assert found
    assert all(record["sharpness_after"] > 1.05 * record["sharpness_before"] for record in found)
    assert all(0 < record["moved"] < 1 for record in found)
