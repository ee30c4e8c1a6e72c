from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segment.composition import area_fractions, fraction_profile, name_by_brightness, name_by_seed, order_by_brightness

NAMES = ("ferrite", "martensite", "carbide")


def test_a_mapping_goes_by_name_and_what_it_leaves_out_is_absent():
    assert area_fractions({"carbide": 0.25, "ferrite": 0.75}, NAMES).tolist() == [0.75, 0.0, 0.25]


def test_a_sequence_goes_in_phase_order_and_may_be_shorter():
    assert area_fractions([0.25, 0.75], NAMES).tolist() == [0.25, 0.75, 0.0]


def test_weight_fractions_become_volumes():
    # 30 % of graphite (2.2 g/cm3) by weight in iron (7.8): 0.13636 / (0.13636 + 0.08974) by volume.
    volume = (0.3 / 2.2) / (0.3 / 2.2 + 0.7 / 7.8)
    by_name = area_fractions({"g": 0.3, "iron": 0.7}, ["iron", "g"], densities={"iron": 7.8, "g": 2.2})
    assert by_name == pytest.approx([1 - volume, volume])
    assert area_fractions([0.7, 0.3], ["iron", "g"], densities=[7.8, 2.2]) == pytest.approx(by_name)


@given(st.lists(st.floats(0.01, 1.0), min_size=2, max_size=6), st.floats(0.1, 20.0))
def test_equal_densities_change_nothing(raw, density):
    weights = np.array(raw) / np.sum(raw)
    names = [f"phase {index}" for index in range(len(raw))]
    assert area_fractions(weights, names, densities=[density] * len(raw)) == pytest.approx(weights)


def test_a_sum_within_one_percent_is_normalised_with_a_warning():
    with pytest.warns(UserWarning, match=r"sum to 0\.995"):
        fractions = area_fractions([0.5, 0.495], NAMES)
    assert fractions.sum() == pytest.approx(1.0, abs=1e-12)
    assert fractions[0] / fractions[1] == pytest.approx(0.5 / 0.495)


@pytest.mark.parametrize(
    ("fractions", "message"),
    [
        ([0.5, 0.48], r"sum to one, got 0\.98"),
        ({"ferrite": 0.3}, r"sum to one, got 0\.3; a phase that is left out counts as 0"),
        ([1.2, -0.2], r"not be negative, got -0\.2 for 'martensite'"),
        ([0.5, float("nan")], "must be finite"),
        ({"ferrit": 1.0}, "no phase is named 'ferrit'; the phases are ferrite, martensite, carbide"),
        ([0.25] * 4, r"4 given for 3 phases \(ferrite, martensite, carbide\)"),
        ("ferrite", "mapping by phase name or a sequence"),
        (0.5, "mapping by phase name or a sequence"),
        (["a", "b"], "must be numbers or maps"),
        ({"ferrite": np.ones((4, 5))}, r"'ferrite' must be a number or a map of shape \(5, 4\), got shape \(4, 5\)"),
        (np.full((2, 5, 5), 0.5), r"'ferrite' must be .* \(5, 4\), got shape \(5, 5\)"),
    ],
)
def test_bad_fractions_are_refused_by_name(fractions, message):
    with pytest.raises(ValueError, match=message):
        area_fractions(fractions, NAMES, shape=(5, 4))


@pytest.mark.parametrize(
    ("densities", "message"),
    [
        ({"ferrite": 7.8}, "none is given for 'martensite'"),
        ([7.8, 0.0], "must be positive, got 0.0 for 'martensite'"),
        ({"iron": 7.8}, "no phase is named 'iron'"),
    ],
)
def test_bad_densities_are_refused_by_name(densities, message):
    with pytest.raises(ValueError, match=message):
        area_fractions([0.5, 0.5], NAMES, densities=densities)


def test_a_name_that_two_phases_share_is_ambiguous():
    with pytest.raises(ValueError, match="'grain' names more than one phase"):
        area_fractions({"grain": 1.0}, ["grain", "grain"])


def test_maps_and_numbers_mix():
    depth = np.linspace(0, 1, 12).reshape(4, 3)
    target = area_fractions({"ferrite": 1 - depth, "martensite": depth}, NAMES, shape=(4, 3))
    assert target.shape == (3, 4, 3)
    assert np.array_equal(target[1], depth)
    assert not target[2].any()


def test_a_profile_is_interpolated_from_edge_to_edge():
    profile = fraction_profile([[1, 0.5, 0], [0, 0.5, 1]], (2, 5), "across")
    assert profile.shape == (2, 2, 5)
    assert profile[0, 1].tolist() == [1.0, 0.75, 0.5, 0.25, 0.0]
    assert np.array_equal(fraction_profile([[0.2], [0.8]], (2, 5), "down")[1], np.full((2, 5), 0.8))


@pytest.mark.parametrize(
    ("values", "axis", "message"), [([1, 0], "down", "shape"), ([[1], [0]], "x", "'down' or 'across', got 'x'")]
)
def test_a_bad_profile_is_refused(values, axis, message):
    with pytest.raises(ValueError, match=message):
        fraction_profile(values, (4, 4), axis)


def test_brightness_orders_components_and_the_empty_one_comes_last():
    image = np.array([[0.9, 0.5], [0.1, 0.1]], np.float32)
    labels = np.array([[0, 1], [3, 3]], np.uint8)
    assert order_by_brightness(image, labels, 4).tolist() == [3, 1, 0, 2]
    assert name_by_brightness("abcd", image, labels, 4) == ("c", "b", "d", "a")


@pytest.mark.parametrize(("names", "message"), [("ab", "2 given for 3"), ("aab", "must differ")])
def test_names_by_brightness_must_be_one_each(names, message):
    with pytest.raises(ValueError, match=message):
        name_by_brightness(names, np.zeros((2, 2), np.float32), np.zeros((2, 2), np.uint8), 3)


def test_images_and_labels_must_match():
    with pytest.raises(ValueError, match="one shape"):
        order_by_brightness(np.zeros((2, 2), np.float32), np.zeros((2, 3), np.uint8), 2)


def test_seeds_name_the_component_around_them():
    abundances = np.zeros((3, 20, 20), np.float32)
    abundances[0, :10], abundances[2, 10:] = 1, 1
    # A single foreign pixel under the pointer does not decide.
    abundances[:, 15, 15] = (0, 1, 0)
    assert name_by_seed({"b": (15, 15), "a": (0, 0)}, abundances) == ("a", "phase 1", "b")
    assert name_by_seed({"b": (15, 15)}, abundances, radius=0) == ("phase 0", "b", "phase 2")


@pytest.mark.parametrize(
    ("seeds", "message"),
    [({"a": (20, 0)}, r"'a': \(20, 0\) lies outside an image of 20 x 20"), ({"a": (0, 0), "b": (1, 1)}, "'a' and 'b'")],
)
def test_bad_seeds_are_refused(seeds, message):
    abundances = np.zeros((2, 20, 20), np.float32)
    abundances[0] = 1
    with pytest.raises(ValueError, match=message):
        name_by_seed(seeds, abundances)
