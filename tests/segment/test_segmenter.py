from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import nnls

from segment import Segmenter, from_array
from segment.features import extract
from segment.io import ImageReadError, write_npz, write_png
from segment.mixture.leaders import leaders
from segment.model import ModelFileError, presets, resolve, training
from segment.model.abundances import normalise, scale

QUICK = {"tol": 1e-2, "alpha": 0.0}


def stripes(seed: int = 0, shape: tuple[int, int] = (48, 60)) -> np.ndarray:
    """Draw three grey levels side by side, dark, bright and middle, with noise."""
    rng = np.random.default_rng(seed)
    image = np.full(shape, 0.5)
    image[:, : shape[1] // 3] = 0.15
    image[:, shape[1] // 3 : 2 * shape[1] // 3] = 0.9
    return np.clip(image + rng.normal(scale=0.02, size=shape), 0, 1).astype(np.float32)


@pytest.fixture(scope="module")
def fitted() -> Segmenter:
    return Segmenter(3, **QUICK).fit([stripes(0), stripes(1)])


def test_presets_hold_the_published_parameters():
    assert presets()["pixel"] == {
        "n_phases": 3, "features": "pixel", "size": "native", "clahe": False, "alpha": 0.01, "l1_ratio": 0.5,
        "max_iter": 300, "tol": 1e-4, "init": "auto", "sharpening": 0, "refine": False, "choices": [],
        "smoothness": 0.0, "min_region": 0, "scale": 1.0, "flatten": "auto", "max_pixels": 0,
    }  # fmt: skip
    assert presets()["high_sparsity"] == {**presets()["pixel"], "alpha": 0.15}
    assert presets()["fine_detail"] == {**presets()["pixel"], "n_phases": 4}


def test_the_default_preset_sees_neighbourhoods():
    changed = {"features": "texture", "init": "nndsvda", "sharpening": 15, "refine": True}
    changed["choices"] = ["colours", "textures", "boundaries"]
    assert presets()["default"] == {**presets()["pixel"], **changed}


def test_a_value_given_wins_over_the_preset_and_none_stands_for_it():
    parameters = Segmenter(None, preset="fine_detail", alpha=0.3, size=64).parameters
    assert (parameters.n_phases, parameters.alpha, parameters.size, parameters.max_iter) == (4, 0.3, 64, 300)


def test_an_unknown_preset_lists_those_known():
    with pytest.raises(ValueError, match=r"'coarse'; known: default, fine_detail, high_sparsity, pixel"):
        Segmenter(preset="coarse")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_phases", 0), ("n_phases", 256), ("n_phases", 2.0), ("n_phases", True), ("size", 4), ("size", "small"),
        ("clahe", 1), ("alpha", -0.1), ("alpha", float("nan")), ("alpha", float("inf")), ("l1_ratio", 1.1),
        ("max_iter", 0), ("tol", -1.0), ("init", "zeros"), ("features", "colours"), ("random_state", -1),
    ],
)  # fmt: skip
def test_a_value_out_of_range_is_named(name, value):
    with pytest.raises(ValueError, match=name) as caught:
        Segmenter(**{name: value})
    assert repr(value) in str(caught.value)


def test_a_map_has_the_image_size_and_shares_that_sum_to_one(fitted):
    phases = fitted.predict(stripes(2))
    assert phases.labels.shape == (48, 60)
    assert phases.labels.dtype == np.uint8
    assert phases.abundances.shape == (3, 48, 60)
    assert phases.abundances.dtype == np.float32
    assert phases.abundances.min() >= 0
    np.testing.assert_allclose(phases.abundances.sum(axis=0), 1, atol=1e-6)
    np.testing.assert_array_equal(phases.labels, phases.abundances.argmax(axis=0))
    np.testing.assert_allclose(phases.fractions, np.bincount(phases.labels.ravel(), minlength=3) / phases.labels.size)
    assert phases.fractions.sum() == pytest.approx(1)


def test_predict_gives_what_fit_predict_gave():
    segmenter = Segmenter(3, **QUICK)
    first = segmenter.fit_predict(stripes())
    again = segmenter.predict(stripes())
    np.testing.assert_array_equal(first.labels, again.labels)
    np.testing.assert_array_equal(first.abundances, again.abundances)


def test_the_same_seed_gives_the_same_model():
    digests = {Segmenter(3, init="random", random_state=7, **QUICK).fit(stripes()).model.digest for _ in range(2)}
    other = Segmenter(3, init="random", random_state=8, **QUICK).fit(stripes()).model.digest
    assert len(digests) == 1
    assert other not in digests


def test_phases_are_ordered_from_dark_to_bright(fitted):
    images = [stripes(0), stripes(1)]
    labels = np.concatenate([fitted.predict(image).labels for image in images])
    grey = np.concatenate(images)
    means = [grey[labels == phase].mean() for phase in np.unique(labels)]
    assert len(means) == 3
    assert means == sorted(means)


def test_abundances_are_exact_least_squares_against_unit_fingerprints():
    fitted = Segmenter(3, preset="pixel", **QUICK).fit([stripes(0), stripes(1)])
    image = stripes(3, (12, 15))
    X = extract(image).X.astype(np.float64)
    unit = fitted.model.fingerprints.astype(np.float64)
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1, rtol=1e-6)
    expected = np.array([nnls(unit.T, row)[0] for row in X])
    expected /= expected.sum(axis=1, keepdims=True)
    found = fitted.predict(image).abundances.reshape(3, -1).T
    np.testing.assert_allclose(found, expected, atol=2e-4)


def test_shares_are_multiplied_by_the_lengths_of_the_fingerprints():
    W = np.array([[1, 2], [3, 4]], dtype=np.float32)
    np.testing.assert_array_equal(scale(W, np.array([10, 1], dtype=np.float32)), [[10, 30], [2, 4]])


def test_a_pixel_of_no_phase_is_shared_equally_and_labelled_zero():
    shares = np.zeros((4, 1, 2), dtype=np.float32)
    shares[2, 0, 1] = 5
    np.testing.assert_array_equal(normalise(shares)[:, 0], [[0.25, 0], [0.25, 0], [0.25, 1], [0.25, 0]])
    np.testing.assert_array_equal(leaders(shares), [[0, 2]])


@given(
    shares=st.lists(st.lists(st.sampled_from([0.0, 0.25, 1.0, 3.0]), min_size=5, max_size=5), min_size=1, max_size=6)
)
def test_the_lowest_phase_wins_a_tie(shares):
    array = np.array(shares, dtype=np.float32)
    np.testing.assert_array_equal(leaders(array), array.argmax(axis=0))


@pytest.mark.parametrize("size", [16, 64])
def test_a_resized_image_gets_its_map_back_at_its_own_size(size):
    phases = Segmenter(3, size=size, **QUICK).fit_predict(stripes())
    assert phases.labels.shape == (48, 60)
    np.testing.assert_allclose(phases.abundances.sum(axis=0), 1, atol=1e-6)
    np.testing.assert_array_equal(phases.labels, phases.abundances.argmax(axis=0))


def test_local_contrast_changes_the_map():
    plain, equalised = (Segmenter(3, clahe=clahe, **QUICK).fit_predict(stripes()) for clahe in (False, True))
    assert not np.array_equal(plain.abundances, equalised.abundances)


def test_a_path_an_array_and_a_micrograph_give_the_same_map(tmp_path, fitted):
    levels = np.round(stripes(4) * 255).astype(np.uint8)
    write_png(tmp_path / "a.png", levels)
    maps = [fitted.predict(item) for item in (tmp_path / "a.png", str(tmp_path / "a.png"), levels, from_array(levels))]
    for other in maps[1:]:
        np.testing.assert_array_equal(maps[0].abundances, other.abundances)
    assert maps[0].micrograph.name == "a"
    assert maps[0].parameters == fitted.parameters.to_json()


def test_one_image_needs_no_list(tmp_path):
    write_png(tmp_path / "a.png", np.round(stripes() * 255).astype(np.uint8))
    single = Segmenter(2, **QUICK).fit(str(tmp_path / "a.png"))
    listed = Segmenter(2, **QUICK).fit([tmp_path / "a.png"])
    assert single.model.digest == listed.model.digest
    assert single.model.training[0]["sha256"] is not None


@pytest.mark.parametrize(("k", "init"), [(2, "nndsvda"), (4, "nndsvda"), (5, "random"), (7, "random")])
def test_the_start_depends_on_the_number_of_phases(k, init):
    assert training.find_starts(resolve("pixel", n_phases=k), 6)[0] == init


def test_more_phases_than_features_start_at_random():
    assert training.find_starts(resolve("default", n_phases=22), 22) == ("nndsvda", "random", "nndsvdar")
    assert training.find_starts(resolve("default", n_phases=23), 22) == ("random",)


def test_a_start_given_is_used():
    assert Segmenter(2, init="nndsvdar", **QUICK).fit(stripes()).model.init == "nndsvdar"


def test_a_component_that_explains_nothing_is_fitted_again_from_another_start(monkeypatch):
    original = training.solver
    tried = []

    def sabotaged(parameters, init, shape):
        nmf = original(parameters, init, shape)
        tried.append(init)
        if len(tried) == 1:
            fit_transform = nmf.fit_transform

            def without_last(X):
                W = fit_transform(X)
                W[:, -1] = 0
                return W

            nmf.fit_transform = without_last
        return nmf

    monkeypatch.setattr(training, "solver", sabotaged)
    with pytest.warns(RuntimeWarning, match="1 of 3 components .* 'nndsvda'; refitted from init 'random'"):
        segmenter = Segmenter(3, sharpening=0, refine=False, **QUICK).fit(stripes())
    assert tried == ["nndsvda", "random"]
    assert segmenter.model.init == "random"


@pytest.mark.filterwarnings("ignore:.*refitted:RuntimeWarning")
def test_a_penalty_that_kills_every_component_is_said_and_gives_uniform_shares():
    with pytest.warns(RuntimeWarning, match="3 of 3 components explain nothing .* kept as it is"):
        phases = Segmenter(3, alpha=1e6).fit_predict(stripes())
    np.testing.assert_allclose(phases.abundances, 1 / 3)
    assert not phases.labels.any()


def test_a_stronger_penalty_changes_the_fit():
    weak, strong = (Segmenter(3, tol=1e-2, alpha=alpha).fit_predict(stripes()) for alpha in (0.0, 1.0))
    assert not np.allclose(weak.abundances, strong.abundances, atol=1e-3)


def test_fewer_pixels_than_phases_are_refused_and_one_pixel_can_be_mapped(fitted):
    pixel = np.full((1, 1), 0.5, dtype=np.float32)
    with pytest.raises(ValueError, match="3 phases need at least as many pixels to train on, found 1"):
        Segmenter(3).fit(pixel)
    with pytest.warns(RuntimeWarning, match="has a single grey level"):
        assert fitted.predict(pixel).labels.shape == (1, 1)


@pytest.mark.parametrize("grey", [0.0, 0.5, 1.0])
def test_a_constant_image_gives_a_finite_map(fitted, grey):
    with pytest.warns(RuntimeWarning, match="has a single grey level"):
        phases = fitted.predict(np.full((9, 7), grey, dtype=np.float32))
    np.testing.assert_allclose(phases.abundances.sum(axis=0), 1, atol=1e-6)


def test_errors_before_fit_and_for_no_images(tmp_path):
    with pytest.raises(RuntimeError, match="not fitted"):
        Segmenter().predict(stripes())
    with pytest.raises(ValueError, match="images is empty"):
        Segmenter().fit([])
    with pytest.raises(ImageReadError, match=r"missing\.png"):
        Segmenter().fit(tmp_path / "missing.png")


def test_the_loss_history_is_kept(fitted):
    history = fitted.model.loss_history
    assert len(history) >= 2
    assert history[-1] < history[0]


def test_a_saved_model_predicts_the_same_bits_and_holds_no_objects(tmp_path, fitted):
    fitted.save(tmp_path / "m.npz")
    loaded = Segmenter.load(tmp_path / "m.npz")
    assert loaded.parameters == fitted.parameters
    assert loaded.model.digest == fitted.model.digest
    assert loaded.model.training == fitted.model.training
    np.testing.assert_array_equal(loaded.model.loss_history, fitted.model.loss_history)
    np.testing.assert_array_equal(loaded.predict(stripes(5)).abundances, fitted.predict(stripes(5)).abundances)
    with np.load(tmp_path / "m.npz", allow_pickle=False) as arrays:
        assert all(arrays[name].dtype.kind in "fu" for name in arrays.files)


def test_a_model_file_cut_short_anywhere_is_named(tmp_path, fitted):
    fitted.save(tmp_path / "m.npz")
    whole = (tmp_path / "m.npz").read_bytes()
    path = tmp_path / "cut.npz"
    for length in {0, 1, 3, 30, len(whole) // 2, len(whole) - 1}:
        path.write_bytes(whole[:length])
        with pytest.raises(ModelFileError, match=r"cut\.npz"):
            Segmenter.load(path)


@given(place=st.floats(0, 1, exclude_max=True), value=st.integers(1, 255))
def test_a_model_file_with_a_changed_byte_is_refused_or_the_same(tmp_path_factory, fitted, place, value):
    path = tmp_path_factory.getbasetemp() / "changed.npz"
    fitted.save(path)
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= value
    path.write_bytes(content)
    try:
        found = Segmenter.load(path).model.digest
    except ModelFileError as error:
        found = str(error)
    assert found == fitted.model.digest or "changed.npz" in found


@pytest.mark.parametrize(
    ("old", "new"), [(b"'shape': (", b"'shape': l"), (b"{'descr'", b"('descr'"), (b"False", b"F\nlse")]
)
def test_a_model_file_whose_array_has_a_damaged_header_is_refused(tmp_path, fitted, old, new):
    path = tmp_path / "header.npz"
    fitted.save(path)
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data.replace(old, new, 1) if name == "description.npy" else data)
    with pytest.raises(ModelFileError, match=r"header\.npz: not a model file, or a damaged one"):
        Segmenter.load(path)


def test_foreign_files_are_named(tmp_path, fitted):
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    np.save(tmp_path / "single.npy", np.zeros(3))
    (tmp_path / "text.npz").write_text("not a model")
    with zipfile.ZipFile(tmp_path / "zip.npz", "w") as archive:
        archive.writestr("description", "{}")
    for name in ("other.npz", "single.npy", "text.npz", "zip.npz", "missing.npz", "."):
        with pytest.raises(ModelFileError, match=r"^" + str(tmp_path / name).replace(".", r"\.")):
            Segmenter.load(tmp_path / name)


def test_a_model_without_the_later_parameters_loads_with_the_values_that_do_nothing(tmp_path, fitted):
    fitted.save(tmp_path / "m.npz")
    with np.load(tmp_path / "m.npz") as archive:
        content = dict(archive)
    described = json.loads(content["description"].tobytes())
    for name in ("smoothness", "min_region", "scale", "flatten", "max_pixels"):
        del described["parameters"][name]
    content["description"] = np.frombuffer(json.dumps(described).encode(), dtype=np.uint8)
    write_npz(tmp_path / "older.npz", content)
    older = Segmenter.load(tmp_path / "older.npz")
    assert (older.parameters.smoothness, older.parameters.min_region) == (0.0, 0)
    assert (older.parameters.scale, older.parameters.flatten) == (1.0, "auto")
    assert older.model.digest == fitted.model.digest


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 3}, "version 3; this version reads 1 and 2"),
        ({"format": "picture"}, "not a model file"),
        ({"names": ["a"]}, "damaged"),
        ({"parameters": {}}, "damaged"),
    ],
)
def test_a_model_of_another_version_or_kind_is_refused(tmp_path, fitted, change, message):
    fitted.save(tmp_path / "m.npz")
    with np.load(tmp_path / "m.npz") as arrays:
        content = dict(arrays)
    described = {**json.loads(content["description"].tobytes()), **change}
    content["description"] = np.frombuffer(json.dumps(described).encode(), dtype=np.uint8)
    write_npz(tmp_path / "n.npz", content)
    with pytest.raises(ModelFileError, match=message):
        Segmenter.load(tmp_path / "n.npz")
