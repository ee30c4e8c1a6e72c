from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from segment import PhaseMap, from_array
from segment.evaluate import count_overlap, match
from segment.measure import MEASURES, PhaseFraction, fractions_csv, measure_fractions


def phase_map(labels: np.ndarray, k: int, pixel_size_um: float | None = None) -> PhaseMap:
    shares = np.stack([labels == phase for phase in range(k)]).astype(np.float32)
    micrograph = from_array(np.zeros(labels.shape, dtype=np.uint8), pixel_size_um=pixel_size_um)
    fractions = shares.mean(axis=(1, 2), dtype=np.float64)
    return PhaseMap(labels, shares, fractions, tuple(f"phase {phase}" for phase in range(k)), micrograph, {})


LABELS = np.array([[0, 0, 2], [0, 2, 2]], dtype=np.uint8)


def test_fractions_by_hand_with_an_empty_phase():
    rows = measure_fractions(phase_map(LABELS, 4, pixel_size_um=0.5))
    assert [row.pixels for row in rows] == [3, 0, 3, 0]
    assert [row.fraction for row in rows] == [0.5, 0.0, 0.5, 0.0]
    assert [row.area_um2 for row in rows] == [0.75, 0.0, 0.75, 0.0]
    assert [(row.phase, row.name) for row in rows][2] == (2, "phase 2")


def test_no_calibration_no_area():
    assert [row.area_um2 for row in measure_fractions(phase_map(LABELS, 3))] == [None, None, None]


@given(arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(0, 3)))
def test_fractions_sum_to_one_and_pixels_to_the_image(labels):
    rows = measure_fractions(phase_map(labels, 4))
    assert sum(row.pixels for row in rows) == labels.size
    assert sum(row.fraction for row in rows) == pytest.approx(1)


def test_the_table_of_a_batch():
    rows = [PhaseFraction(0, "ferrite", 3, 0.75, 1.5), PhaseFraction(1, 'a "b", c', 1, 0.25, None)]
    assert fractions_csv([("x,y", rows), ("z", [])]) == (
        'image,phase,name,pixels,fraction,area_um2,confidence\n"x,y",0,ferrite,3,0.750000,1.5,none\n'
        '"x,y",1,"a ""b"", c",1,0.250000,,none\n'
    )


def test_every_measure_takes_a_phase_map():
    for measure in MEASURES.values():
        assert len(measure(phase_map(LABELS, 3))) == 3


def test_agreement_by_hand():
    # Phase 1 is class 0 but for one pixel, phase 0 is class 1; the last pixel is not annotated.
    labels = np.array([[1, 1, 1, 0, 0, 0]], dtype=np.uint8)
    truth = np.array([[0, 0, 1, 1, 1, 255]], dtype=np.uint8)
    overlap = count_overlap(labels, truth, 2, 2)
    np.testing.assert_array_equal(overlap, [[0, 2], [2, 1]])
    agreement = match(overlap)
    assert agreement.classes == (1, 0)
    assert agreement.iou == pytest.approx((2 / 3, 2 / 3))
    assert agreement.accuracy == pytest.approx(4 / 5)


@given(arrays(np.int64, (4, 4), elements=st.integers(0, 50)))
def test_the_matching_is_the_best_of_all(overlap):
    union = overlap.sum(axis=1)[:, None] + overlap.sum(axis=0)[None, :] - overlap
    iou = overlap / np.maximum(union, 1)
    best = max(iou[range(4), list(order)].sum() for order in permutations(range(4)))
    assert np.nansum(match(overlap).iou) == pytest.approx(best)


@given(st.permutations(range(4)), st.integers(0, 2**32 - 1))
def test_numbering_the_phases_otherwise_changes_nothing(order, seed):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 4, size=(20, 20)).astype(np.uint8)
    labels = np.array(order, dtype=np.uint8)[truth]
    agreement = match(count_overlap(labels, truth, 4, 4))
    assert agreement.mean_iou == 1
    assert [agreement.classes[phase] for phase in order] == [0, 1, 2, 3]


def test_more_phases_than_classes_and_fewer():
    more = match(np.array([[5, 0], [0, 5], [1, 1]]))
    assert more.classes == (0, 1, -1)
    assert more.accuracy == pytest.approx(10 / 12)
    fewer = match(np.array([[4, 4, 0]]))
    assert fewer.iou[0] == pytest.approx(0.5)
    assert fewer.iou[1] == 0
    assert np.isnan(fewer.iou[2])
    assert fewer.mean_iou == pytest.approx(0.25)


def test_nothing_annotated_agrees_with_nothing():
    labels = np.zeros((2, 2), dtype=np.uint8)
    agreement = match(count_overlap(labels, np.full((2, 2), 255, dtype=np.uint8), 2, 2))
    assert np.isnan(agreement.mean_iou)
    assert np.isnan(agreement.accuracy)


def test_shapes_and_ids_that_do_not_fit_are_named():
    labels = np.zeros((2, 2), dtype=np.uint8)
    with pytest.raises(ValueError, match=r"one shape, got \(2, 2\) and \(2, 3\)"):
        count_overlap(labels, np.zeros((2, 3), dtype=np.uint8), 2, 2)
    with pytest.raises(ValueError, match="truth holds the id 7"):
        count_overlap(labels, np.full((2, 2), 7, dtype=np.uint8), 2, 2)
