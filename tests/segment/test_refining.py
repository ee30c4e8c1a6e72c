"""Refined phases: what they look like decides the map."""

from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from segment.composition import compare, guide
from segment.evaluate import evaluate
from segment.mixture.leaders import leaders
from segment.mixture.mixture import from_json
from segment.mixture.pixels import calm
from segment.mixture.select import refine
from segment.model import ModelFileError, Segmenter
from segment.model.mapping import find_abundances
from segment.model.parameters import from_json as parameters_from_json
from segment.samples import make_micrograph

QUICK = {"tol": 1e-2}


def coating(seed=0, shape=(96, 120)):
    """Four phases that components confuse, and their grey levels."""
    sample = make_micrograph("barrier_coating", shape=shape, band=False, seed=seed)
    return sample.truth, sample.image.astype(np.float32) / np.float32(255)


def fit(**options):
    return Segmenter(4, refine=True, **QUICK, **options).fit(coating(0)[1])


@pytest.fixture(scope="module")
def fitted():
    return fit()


def planted(k, seed=0, shape=(64, 64)):
    """Features of which the first tells a disc from its surroundings, the second two halves without any boundary."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices(shape)
    disc = ((rows - 30) ** 2 + (columns - 32) ** 2 < 18**2).astype(np.uint8)
    half = (columns > 31).astype(np.uint8)
    features = np.stack([4.0 * disc, (columns - 31.5) / 12.0]) + 0.15 * rng.normal(size=(2, *shape))
    X = features.reshape(2, -1).T.astype(np.float32)
    grey = (0.3 + 0.3 * disc + 0.01 * rng.normal(size=shape)).astype(np.float32)
    model = Segmenter(k, features="grey", refine=False, **QUICK).fit(grey).model
    return disc, half, X, grey, model


def refined(model, X, grey, *starts, drawn=None):
    nothing = np.zeros(grey.shape, dtype=np.uint8)
    images = [(X, grey, calm(grey), nothing if drawn is None else drawn)]
    return refine(model.parameters.n_phases, [start.ravel() for start in starts], (X, grey.ravel()), images)


def test_the_description_with_the_sharpest_boundaries_counts():
    disc, half, X, grey, model = planted(2)
    for starts in ((half, disc), (disc, half)):
        mixture = refined(model, X, grey, *starts)
        labels = leaders(mixture.shares(X, grey.ravel()))
        assert np.mean(labels == disc.ravel()) > 0.98


def test_the_groups_whose_separation_says_least_are_one_phase():
    disc, half, X, grey, model = planted(2)
    # The surroundings in two halves that run into each other.
    split = np.where(disc == 1, 1, 2 * half).astype(np.uint8)
    found = refined(model, X, grey, split)
    assert len(found.owners) == 3
    labels = leaders(found.shares(X, grey.ravel()))
    assert np.mean(labels == disc.ravel()) > 0.98


def test_refined_phases_are_ordered_from_dark_to_bright():
    disc, half, X, grey, model = planted(2)
    for image in (grey, 1 - grey):
        found = refined(model, X, image, disc, np.where(disc == 1, 0, 1 + half).astype(np.uint8))
        labels = leaders(found.shares(X, image.ravel())).reshape(image.shape)
        assert image[labels == 0].mean() < image[labels == 1].mean()


def test_no_boundary_no_description():
    _, _, X, grey, model = planted(2)
    nothing = np.zeros(grey.size, dtype=np.uint8)
    assert refined(model, np.ones_like(X), np.full_like(grey, 0.5), nothing) is None


def test_components_whose_boundaries_are_as_sharp_make_the_map():
    disc, half, X, grey, model = planted(2)
    assert refined(model, X, grey, disc, drawn=disc) is None
    assert refined(model, X, grey, disc, drawn=half) is not None


@pytest.mark.parametrize("material", ["barrier_coating", "dual_phase_steel", "ductile_iron"])
def test_refined_phases_are_nearer_the_truth_than_components(material):
    sample = make_micrograph(material, shape=(128, 160), band=False)
    k = int(sample.truth.max()) + 1
    image = sample.image.astype(np.float32) / 255
    before, after = (
        evaluate(Segmenter(k, refine=flag).fit_predict(image).labels, sample.truth, n_classes=k).mean_iou
        for flag in (False, True)
    )
    assert after > before


def test_abundances_are_probabilities_whose_largest_is_the_label(fitted):
    _, image = coating(0)
    found = fitted.predict(image)
    assert found.abundances.dtype == np.float32
    np.testing.assert_allclose(found.abundances.sum(axis=0), 1, atol=1e-5)
    np.testing.assert_array_equal(found.labels, leaders(found.abundances))
    components = Segmenter.from_model(replace(fitted.model, mixture=None)).predict(image)
    assert np.any(found.labels != components.labels)


def test_switched_off_the_components_make_the_map(fitted):
    _, image = coating(0)
    model = Segmenter(4, refine=False, **QUICK).fit(image).model
    assert model.mixture is None
    found = find_abundances(image, replace(fitted.model, mixture=None), is_own=True)
    np.testing.assert_array_equal(model.components, fitted.model.components)
    np.testing.assert_array_equal(found.abundances, Segmenter.from_model(model).predict(image).abundances)


def test_the_same_bits_for_any_number_of_threads(fitted):
    _, image = coating(0)
    digests, maps = set(), []
    for threads in (1, 2):
        with threadpool_limits(threads):
            segmenter = fit()
            digests.add(segmenter.model.digest)
            maps.append(segmenter.predict(image).abundances)
    assert digests == {fitted.model.digest}
    np.testing.assert_array_equal(*maps)


def test_a_saved_model_makes_the_same_map(fitted, tmp_path):
    _, image = coating(3)
    fitted.save(tmp_path / "model.npz")
    again = Segmenter.load(tmp_path / "model.npz")
    assert again.model.digest == fitted.model.digest
    np.testing.assert_array_equal(again.predict(image).abundances, fitted.predict(image).abundances)


def test_the_digest_depends_on_the_mixture(fitted):
    mixture = fitted.model.mixture
    moved = replace(fitted.model, mixture=replace(mixture, means=mixture.means + np.float32(0.01)))
    assert len({fitted.model.digest, moved.digest, replace(fitted.model, mixture=None).digest}) == 3


@pytest.mark.parametrize(
    ("name", "value"), [("means", [[0.0]]), ("owners", [0, 0]), ("fractions", [float("nan")]), ("directions", [[1.0]])]
)
def test_a_damaged_mixture_is_no_model(fitted, tmp_path, name, value):
    record = fitted.model.mixture.to_json()
    if name == "fractions":
        value = value * len(record["fractions"])
    if name == "owners":
        value = [0] * len(record["owners"])
    with pytest.raises(ValueError, match="a mixture"):
        from_json({**record, name: value}, 4, len(fitted.model.feature_names))
    broken = replace(fitted.model, mixture=replace(fitted.model.mixture, **{name: np.array(value)}))
    if name != "owners":
        Segmenter.from_model(broken).save(tmp_path / "broken.npz")
        with pytest.raises(ModelFileError, match=r"broken\.npz: not a model file, or a damaged one"):
            Segmenter.load(tmp_path / "broken.npz")


def test_parameters_written_before_are_those_of_components():
    record = Segmenter(2).parameters.to_json()
    del record["refine"]
    assert parameters_from_json(record).refine is False
    with pytest.raises(ValueError, match="refine must be True or False, got 1"):
        Segmenter(2, refine=1)


@pytest.mark.filterwarnings("ignore::segment.composition.CompositionWarning")
@pytest.mark.parametrize("fractions", [[0.2, 0.1, 0.4, 0.3], [0.4, 0.3, 0.1, 0.2], "auto"])
def test_fractions_start_from_the_components_and_are_compared_with_the_refined_map(fitted, fractions):
    _, image = coating(0)
    plain, guided = fitted.predict(image), fitted.predict(image, fractions=fractions)
    components = Segmenter.from_model(replace(fitted.model, mixture=None)).predict(image, fractions=fractions)
    if guided.guidance.is_guided:
        np.testing.assert_array_equal(guided.labels, components.labels)
    else:
        np.testing.assert_array_equal(guided.labels, plain.labels)
    # Doubt is measured by the refined map too.
    assert guided.guidance.ambiguity != components.guidance.ambiguity
    np.testing.assert_array_equal(guided.abundances, plain.abundances)
    np.testing.assert_allclose(guided.guidance.before, plain.fractions)
    assert guided.guidance.flipped == np.count_nonzero(guided.labels != plain.labels)


def test_what_was_not_followed_leaves_the_labels_as_they_are():
    evidence = np.full((2, 8, 8), 0.5, np.float32)
    with pytest.warns(UserWarning, match="no contrast"):
        done = guide(evidence, [0.3, 0.7])
    unguided = np.eye(8, dtype=np.uint8)
    shown = compare(done, unguided)
    np.testing.assert_array_equal(shown.labels, unguided)
    assert (shown.flipped, shown.before.tolist(), shown.after.tolist()) == (0, [0.875, 0.125], [0.875, 0.125])


@pytest.mark.filterwarnings("ignore:.*components explain nothing:RuntimeWarning")
@pytest.mark.parametrize("n_phases", [1, 2, 3])
def test_an_image_without_structure_is_mapped(n_phases):
    flat = Segmenter(n_phases, refine=True).fit(np.full((16, 16), 0.5, np.float32))
    assert flat.model.mixture is None
    tiny = Segmenter(n_phases, refine=True).fit_predict(np.linspace(0, 1, 9, dtype=np.float32).reshape(3, 3))
    np.testing.assert_allclose(tiny.abundances.sum(axis=0), 1, atol=1e-5)


def test_a_sample_of_an_image_teaches_what_all_its_pixels_do():
    image = coating(3)[1]
    whole, sampled = (Segmenter(4, refine=True, max_pixels=most, tol=1e-3).fit(image) for most in (0, 6_000))
    assert whole.model.mixture.owners == sampled.model.mixture.owners
    assert np.mean(whole.predict(image).labels == sampled.predict(image).labels) > 0.9
