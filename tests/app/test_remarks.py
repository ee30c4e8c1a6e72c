"""What is said of the numbers, where they stand."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from skimage.measure import label

from segment.app.remarks import find_remarks, outlying
from segment.app.session import Session
from segment.io import write_png


def batch(session: Session, table) -> Session:
    """A session whose images have these fractions."""
    field = session.fields[0]
    fields = tuple(
        replace(
            field,
            micrograph=replace(field.micrograph, path=None, name=f"image {index}"),
            phase_map=replace(field.phase_map, fractions=np.array(fractions)),
        )
        for index, fractions in enumerate(table)
    )
    return replace(session, fields=fields, names=("ferrite", "martensite"))


def test_a_phase_that_is_two_things_in_different_images_is_told(mapped):
    said = find_remarks(batch(mapped.session, [[0.1, 0.9], [0.12, 0.88], [0.75, 0.25]]))
    assert any(
        text.startswith("Ferrite covers 10 to 12 % of 2 images and 75 % of one image: it may stand for two")
        for text in said
    )
    assert find_remarks(batch(mapped.session, [[0.1, 0.9], [0.12, 0.88], [0.2, 0.8]])) == []


def test_a_phase_that_no_image_shows_is_told(mapped):
    said = find_remarks(batch(mapped.session, [[0.0, 1.0], [0.0001, 0.9999]]))
    assert said == ["One phase supports the data; ferrite was found in no image."]


def test_an_image_unlike_the_others_is_marked_and_told_why(mapped):
    usual = [[0.30, 0.70], [0.31, 0.69], [0.29, 0.71]]
    assert outlying(batch(mapped.session, usual)) == {}
    found = outlying(batch(mapped.session, [*usual, [0.6, 0.4]]))
    assert found == {"image 3": "ferrite 60.0 %, the median of all images 30.5 %"}
    assert outlying(batch(mapped.session, [*usual, [0.36, 0.64]])) == {}, (
        "nine parts in a hundred are no other material"
    )


@pytest.mark.parametrize(("second", "expected"), [(0.7, "too few for an interval"), (0.305, "±")])
def test_an_interval_that_means_nothing_is_not_given(mapped, second, expected):
    from segment.app.remarks import interval_over

    assert expected in interval_over([0.3, second])


def test_small_pores_of_a_scan_of_black_and_white_are_kept_as_the_remark_says(page, tmp_path):
    rng = np.random.default_rng(0)
    image, free = np.full((300, 400), 235.0), np.ones((300, 400), bool)
    count = 0
    while count < 60:
        radius = (20, 2, 3)[count % 3] if count < 3 else (2, 3)[count % 2]
        row, column = (int(rng.integers(radius + 4, edge - radius - 4)) for edge in image.shape)
        around = np.s_[max(0, row - radius - 5) : row + radius + 6, max(0, column - radius - 5) : column + radius + 6]
        if free[around].all():
            cv2.circle(image, (column, row), radius, 20, -1)
            free[around] = False
            count += 1
    noisy = cv2.GaussianBlur(image, None, 0.6) + rng.normal(0, 2, image.shape)
    write_png(tmp_path / "scan.png", np.clip(noisy, 0, 255).astype(np.uint8))
    view = page.drop(("scan.png", (tmp_path / "scan.png").read_bytes()))
    (remark,) = view["remarks"]
    assert remark.startswith("scan.png: nearly two grey levels.")
    page.do("set", name="n_phases", value=2)
    view = page.do("set", name="features", value="grey")
    assert view["remarks"] == []
    page.run("segment")
    assert label(page.session.fields[0].phase_map.labels == 0).max() == 60


def test_a_micrograph_of_two_phases_is_no_scan(mapped):
    assert not any("grey levels" in text for text in mapped.view["remarks"])


def test_every_fraction_has_its_interval_and_a_merged_phase_none(mapped):
    view = mapped.view
    for image in view["images"]:
        for fraction, ends in zip(image["fractions"], image["intervals"], strict=True):
            low, high, boundary_low, boundary_high = ends
            assert 0 <= low <= boundary_low <= fraction <= boundary_high <= high <= 1
    expected = mapped.session.fields[0].phase_map.intervals
    assert [list(ends[:2]) for ends in view["images"][0]["intervals"]] == expected.meaning.tolist()


def test_phases_that_are_merged_have_no_interval_and_nobody_waits_for_intervals_who_wants_none(page, png):
    page.drop(("a.png", png))
    page.run("segment")
    page.do("merge", phase=0, into=1)
    assert [ends is None for ends in page.view["images"][0]["intervals"]] == [True, False]
    page.do("separate", phase=0)
    page.do("set", name="intervals", value=False)
    assert page.do("set", name="preset", value="high_sparsity")["settings"]["intervals"] is False
    page.run("segment")
    assert set(page.view["images"][0]["intervals"]) == {None}


def test_what_is_doubtful_stands_beside_the_fraction(mapped):
    mapped.projects.find(mapped.word).change(
        "other fractions", lambda session: batch(session, [[0.0, 1.0], [0.0, 1.0], [0.0, 1.0]])
    )
    assert [phase["caution"] for phase in mapped.view["phases"]] == ["empty: found in no image", ""]
    mapped.projects.find(mapped.word).change(
        "other fractions", lambda session: batch(session, [[0.1, 0.9], [0.12, 0.88], [0.75, 0.25]])
    )
    assert mapped.view["phases"][0]["caution"] == (
        "perhaps two different things: 10 to 12 % of 2 images, 75 % of one image"
    )
