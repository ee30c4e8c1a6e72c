from __future__ import annotations

import base64
import re
import warnings
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree

import cv2
import html5lib
import numpy as np
import pytest

from segment import Segmenter, from_array
from segment.measure import PhaseFraction
from segment.records import Calibration
from segment.report import find_caveats, render_html, report_field

FIVE = (0.10, 0.12, 0.09, 0.11, 0.13)


def noise(shape=(30, 40), seed=0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture(scope="module")
def model():
    return Segmenter(2).fit(noise()).model


def field(share=0.25, name="a", pixel_size_um=0.5, shape=(30, 40), **changes):
    labels = np.zeros(shape, dtype=np.uint8)
    labels.ravel()[: round(share * labels.size)] = 1
    micrograph = from_array(noise(shape), pixel_size_um=pixel_size_um)
    rows = [PhaseFraction(0, "x", 1, 1 - share, None), PhaseFraction(1, "y", 1, share, None)]
    return replace(report_field(name, micrograph, labels, rows), **changes)


def five():
    return [field(share, f"field {index}") for index, share in enumerate(FIVE)]


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL).split())


def parsed(page: str):
    parser = html5lib.HTMLParser(strict=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return parser.parse(page)


def attributes(page: str) -> list[tuple[str, str]]:
    return [(str(key).rpartition("}")[2], value) for node in parsed(page).iter() for key, value in node.attrib.items()]


def pictures(page: str, kind: str) -> list[bytes]:
    found = re.findall(rf'(?:src|href)="data:{re.escape(kind)};base64,([A-Za-z0-9+/=]+)"', page)
    return [base64.b64decode(item, validate=True) for item in found]


def test_the_statistics_of_five_fields_are_printed(model):
    page = render_html(five(), model, names=["ferrite", "pearlite"])
    assert "pearlite 11.00 1.96 1.58 17.85 5 11" in text_of(page)
    assert "ferrite 89.00 1.96 1.58 2.21 5 3" in text_of(page)


def test_the_page_is_valid_and_needs_nothing_else(model):
    page = render_html(five(), model, failures=["b.png: truncated"], names=["<script>alert(1)</script>", "a & b"])
    assert page.startswith("<!DOCTYPE html>")
    loaded = [value for key, value in attributes(page) if key in ("src", "href", "srcset", "action", "data")]
    assert loaded
    assert all(value.startswith(("data:", "#")) for value in loaded)
    tags = {str(node.tag).rpartition("}")[2] for node in parsed(page).iter()}
    assert not tags & {"script", "link", "iframe", "object", "embed", "base"}
    assert "url(" not in page
    assert "@import" not in page
    assert "default-src 'none'" in page
    ids = [value for key, value in attributes(page) if key == "id"]
    assert len(ids) == len(set(ids)) > 5
    targets = {value[1:] for key, value in attributes(page) if key == "href" and value.startswith("#")}
    assert targets <= set(ids)


def test_the_validity_check_can_fail():
    with pytest.raises(html5lib.html5parser.ParseError):
        parsed("<!DOCTYPE html><html><head><title>x</title></head><body><p><table></p></body></html>")


def test_figures_are_vector_and_pictures_are_the_fields(model):
    items = five()
    page = render_html(items, model)
    figures = pictures(page, "image/svg+xml")
    assert len(figures) == 3
    for figure in figures:
        root = ElementTree.fromstring(figure)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert not [node for node in root.iter() if node.tag.endswith("}text")]
    shown = [cv2.imdecode(np.frombuffer(item, np.uint8), cv2.IMREAD_UNCHANGED) for item in pictures(page, "image/png")]
    assert len(shown) == 2 * len(items)
    np.testing.assert_array_equal(shown[0], items[0].image)
    assert {tuple(colour) for colour in shown[1].reshape(-1, 3)[:, ::-1].tolist()} == {(0, 114, 178), (230, 159, 0)}


def test_calibration_digests_parameters_and_versions_are_printed(model):
    item = field(sha256="ab" * 32, path="in/a.tif", calibration=Calibration(0.25, "Zeiss tag 34118", "high"))
    created = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    text = text_of(render_html([item], model, software={"numpy": "1.2.3", "nmfcore": "4.5"}, created=created))
    for word in (
        "0.25 µm Zeiss tag 34118 high none",
        "in/a.tif " + "ab" * 32,
        model.digest,
        "numpy 1.2.3",
        "2026-01-02 03:04 UTC",
    ):
        assert word in text
    for name, value in model.parameters.to_json().items():
        assert f"{name} {', '.join(value) if isinstance(value, list) else value}" in text


def test_the_user_s_colours_are_kept(model):
    page = render_html([field()], model, colours=np.array([[1, 2, 3], [255, 0, 16]], dtype=np.uint8))
    assert "background:#010203" in page
    assert "background:#ff0010" in page


@pytest.mark.parametrize("width", [40, 640, 1600])
def test_pictures_are_at_most_640_pixels_wide_and_scale_bars_follow(model, width):
    item = field(shape=(20, width), pixel_size_um=0.1)
    assert item.image.shape == item.labels.shape == (max(1, round(20 * min(1, 640 / width))), min(width, 640))
    page = render_html([item], model)
    bar, shown = re.search(r'width="([\d.]+)" height="[\d.]+"/><text[^>]*>([^<]+)</text>', page).groups()
    number, unit = shown.split()
    um = float(number) * {"nm": 1e-3, "µm": 1}[unit]
    assert float(bar) / min(width, 640) == pytest.approx(um / (0.1 * width))


def test_twenty_fields_take_less_than_20_megabytes(model):
    shape = (703, 1024)
    labels = (noise(shape) > 127).astype(np.uint8)
    rows = field().fractions
    items = [report_field(f"f{seed}", from_array(noise(shape, seed)), labels, rows) for seed in range(20)]
    assert len(render_html(items, model).encode()) < 20e6


@pytest.mark.parametrize(("n", "k", "shape"), [(1, 1, (1, 1)), (1, 12, (3, 2000)), (41, 3, (40, 2))])
def test_reports_of_any_size_can_be_rendered(n, k, shape):
    model = Segmenter(k, tol=0.5).fit(noise((20, 30))).model
    rows = [PhaseFraction(phase, "x", 0, 1 / k, None) for phase in range(k)]
    labels = np.zeros(shape, dtype=np.uint8)
    items = [report_field(f"$field_{i}", from_array(noise(shape), pixel_size_um=1.0), labels, rows) for i in range(n)]
    parsed(render_html(items, model))


def test_what_does_not_fit_is_named(model):
    with pytest.raises(ValueError, match="fields is empty"):
        render_html([], model)
    with pytest.raises(ValueError, match="'a' does not have the 3 phases"):
        render_html([field()], model, names=["x", "y", "z"])
    with pytest.raises(ValueError, match=r"shape \(30, 40\), got \(2, 2\)"):
        report_field("a", from_array(noise()), np.zeros((2, 2), dtype=np.uint8), [])


def caveats(model, items, names=("ferrite", "pearlite"), failures=()):
    from segment.measure import summarise_fields

    shares = np.array([[row.fraction for row in item.fractions] for item in items])
    found = find_caveats(items, [summarise_fields(column) for column in shares.T], model, names, failures)
    assert all(line.endswith(".") for line in found)
    return found


def test_nothing_is_said_where_nothing_is_missing(model):
    good = replace(model, is_converged=True)
    assert caveats(good, [field(0.4 + share / 10) for share in FIVE]) == []


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ([field()], "One field only"),
        ([field(0.25), field(0.251)], "Too few fields: 2"),
        (five(), "pearlite: relative accuracy 17.8 %, above 10 %. With this scatter about 11 fields"),
        ([field(0.0)] * 5, "One phase supports the data; pearlite was found in no image."),
        ([field(pixel_size_um=None)] * 7, "7 fields without a pixel size (a, a, a, a, a, and 2 more)"),
        ([field(calibration=Calibration(1.0, "ImageJ scale", "low"))] * 5, "5 fields whose pixel size comes from a"),
        ([field(pixel_size_um=size) for size in (0.1, 0.1, 0.1, 0.1, 0.2)], "Pixel sizes differ, from 0.1 to 0.2 µm"),
        ([field(software={"numpy": str(i)}) for i in range(5)], "different versions of the software"),
    ],
)
def test_every_lack_has_its_sentence(model, items, words):
    found = caveats(replace(model, is_converged=True), items)
    assert any(words in line for line in found)
    assert any(words in line for line in text_lines(render_html(items, model, names=("ferrite", "pearlite"))))


def guidance(**changes):
    state = {"before": [0.5, 0.5], "flipped": 120, "is_guided": True, "contradicts_image": False}
    return {**state, **changes}


def test_guided_fractions_are_no_measurement_and_say_so(model):
    good = replace(model, is_converged=True)
    items = [field(0.4 + share / 10, guidance=guidance()) for share in FIVE]
    [line] = caveats(good, items)
    assert "5 fields guided" in line
    assert "another label to 10.0 % of the pixels" in line
    assert "Without guidance: ferrite 50.0 %, pearlite 50.0 %." in line
    assert "10.00 % of the pixels got another label" in text_of(render_html(items, good))
    items[1] = replace(items[1], name="b", guidance=guidance(is_guided=False, contradicts_image=True, flipped=0))
    first, second, third = caveats(good, items)
    assert "4 fields guided" in first
    assert second == "In 1 field (b) the fractions given contradict the image."
    assert third == "In 1 field (b) the guidance abstained."


def text_lines(page: str) -> list[str]:
    return [text_of(line) for line in page.splitlines()]


def test_failures_an_unfinished_fit_and_unnamed_phases_are_told(model):
    items = [field(0.4 + share / 10) for share in FIVE]
    good = replace(model, is_converged=True)
    assert caveats(good, items, failures=["b.png: broken", "c.png: empty"]) == [
        "2 inputs could not be read and not counted: b.png: broken; c.png: empty."
    ]
    [line] = caveats(replace(good, is_converged=False, n_iter=7), items)
    assert "stopped after 7 iterations" in line
    [line] = caveats(good, items, names=("phase 0", "phase 1"))
    assert "not named" in line
