from __future__ import annotations

import csv
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segment.io import OutputError, find_images, read_micrograph
from segment.io.decode import decode
from segment.samples import MATERIALS, make_batch, make_micrograph, write_samples


def test_materials_differ_in_their_number_of_phases():
    assert len(MATERIALS) >= 3
    assert len({len(material.phases) for material in MATERIALS.values()}) >= 3
    assert all(name == material.name for name, material in MATERIALS.items())


@pytest.mark.parametrize("material", MATERIALS)
def test_sample_is_consistent(material):
    sample = make_micrograph(material)
    assert sample.truth.shape == (512, 640)
    assert sample.image.shape[1] == 640
    assert sample.image.shape[0] > 512
    assert sample.image.dtype == sample.truth.dtype == np.uint8
    assert sample.names == MATERIALS[material].phases
    assert set(np.unique(sample.truth)) == set(range(len(sample.names)))
    shares = [np.mean(sample.truth == i) for i in range(len(sample.names))]
    np.testing.assert_allclose(sample.fractions, shares)
    assert min(shares) > 0.005


@settings(max_examples=12)
@given(
    st.sampled_from(sorted(MATERIALS)),
    st.tuples(st.integers(64, 200), st.integers(64, 200)),
    st.integers(0, 2**40),
    st.booleans(),
)
def test_any_shape_and_seed_and_the_same_bits_twice(material, shape, seed, band):
    sample, again = (make_micrograph(material, shape=shape, seed=seed, band=band) for _ in range(2))
    np.testing.assert_array_equal(sample.image, again.image)
    np.testing.assert_array_equal(sample.truth, again.truth)
    assert sample.truth.shape == shape
    assert (sample.image.shape == shape) is not band
    assert sample.truth.max() < len(sample.names)
    assert np.isclose(sample.fractions.sum(), 1)


@pytest.mark.parametrize("material", MATERIALS)
def test_seeds_differ_and_the_band_leaves_the_micrograph_alone(material):
    first, second = (make_micrograph(material, shape=(128, 160), seed=seed) for seed in (0, 1))
    assert not np.array_equal(first.truth, second.truth)
    bare = make_micrograph(material, shape=(128, 160), seed=0, band=False)
    np.testing.assert_array_equal(first.image[:128], bare.image)


@pytest.mark.parametrize("material", MATERIALS)
def test_phases_show_and_noise_hides_some_of_it(material):
    sample = make_micrograph(material, band=False)
    levels = [sample.image[sample.truth == i].astype(float) for i in range(len(sample.names))]
    means = np.sort([level.mean() for level in levels])
    assert np.diff(means).min() > 12
    assert min(level.std() for level in levels) > 4


def test_the_coating_has_a_crack_from_the_surface_down():
    for seed in range(5):
        truth = make_micrograph("barrier_coating", seed=seed, band=False).truth
        void_rows = np.flatnonzero(np.any(truth == 3, axis=1))
        assert void_rows[0] == 0
        assert len(void_rows) > 0.25 * truth.shape[0]


@pytest.mark.parametrize("suffix", [".tif", ".png"])
def test_written_samples_are_a_labelled_data_set(tmp_path, suffix):
    paths = write_samples(tmp_path, 2, materials=["ductile_iron", "dual_phase_steel"], shape=(96, 120), suffix=suffix)
    assert len(paths) == 4
    assert find_images([tmp_path / "ductile_iron" / "images", tmp_path / "dual_phase_steel" / "images"]) == paths
    assert sorted(os.listdir(tmp_path)) == ["dual_phase_steel", "ductile_iron"]
    home = tmp_path / "ductile_iron"
    assert sorted(os.listdir(home)) == ["classes.csv", "fractions.csv", "images", "masks", "scale.csv"]
    assert (home / "classes.csv").read_text() == "id,name\n0,pearlite\n1,ferrite\n2,graphite\n"
    with (home / "fractions.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    for seed, path in enumerate(paths[:2]):
        sample = make_micrograph("ductile_iron", shape=(96, 120), seed=seed)
        micrograph = read_micrograph(path)
        np.testing.assert_array_equal(np.rint(micrograph.image * 255), sample.image[:96])
        assert micrograph.band.top == 96
        assert micrograph.calibration.pixel_size_um == (pytest.approx(0.4) if suffix == ".tif" else None)
        mask = decode((home / "masks" / f"{path.stem}.png").read_bytes())
        np.testing.assert_array_equal(mask, sample.truth)
        assert rows[seed]["image"] == path.stem
        written = [float(rows[seed][name]) for name in sample.names]
        np.testing.assert_allclose(written, sample.fractions, atol=1e-6)


def test_bad_arguments_are_named(tmp_path):
    with pytest.raises(ValueError, match="material must be one of .*'ductile_iron'.*got 'iron'"):
        make_micrograph("iron")
    with pytest.raises(ValueError, match="shape must be"):
        make_micrograph("ductile_iron", shape=(63, 640))
    with pytest.raises(ValueError, match="seed must be"):
        make_micrograph("ductile_iron", seed=-1)
    with pytest.raises(ValueError, match="n must be"):
        write_samples(tmp_path, 0)
    with pytest.raises(ValueError, match="suffix must be"):
        write_samples(tmp_path, 1, suffix=".jpg")
    with pytest.raises(ValueError, match="material must be"):
        write_samples(tmp_path, 1, materials=["iron"])
    assert not os.listdir(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write"):
        write_samples(tmp_path / "file", 1, shape=(64, 64))


@pytest.mark.parametrize("material", sorted(MATERIALS))
def test_batch_differs_in_grey_level_shares_and_absence(material):
    batch = make_batch(material, 6, shape=(96, 128), band=False)
    again = make_batch(material, 6, shape=(96, 128), band=False)
    assert all(np.array_equal(one.image, other.image) for one, other in zip(batch, again, strict=True))
    shares = np.array([sample.fractions for sample in batch])
    assert np.all(shares[2::3].min(axis=1) == 0)
    assert shares.max(axis=0).min() > 0.01
    largest = int(shares.mean(axis=0).argmax())
    levels = [sample.image[sample.truth == largest].mean() for sample in batch]
    assert max(levels) - min(levels) > 15
    # What is called a phase looks like it: wherever two phases are both shown, the same one is the darker.
    means = np.array(
        [
            [sample.image[sample.truth == phase].mean() if share > 0.01 else np.nan for phase, share in enumerate(row)]
            for sample, row in zip(batch, shares, strict=True)
        ]
    )
    order = np.sign(means[:, :, None] - means[:, None, :])
    assert all(len(set(signs[~np.isnan(signs)])) <= 1 for signs in order.reshape(len(batch), -1).T)


def test_batch_of_none_is_refused():
    with pytest.raises(ValueError, match="n must be at least 1, got 0"):
        make_batch("ductile_iron", 0)
