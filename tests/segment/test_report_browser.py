from __future__ import annotations

import numpy as np
import pytest

from segment import Segmenter, from_array
from segment.measure import measure_fractions
from segment.report import render_html, report_field


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    image = np.random.default_rng(0).integers(0, 256, (60, 80), dtype=np.uint8)
    segmenter = Segmenter(2).fit(image)
    fields = []
    for name in ("first", "second"):
        phases = segmenter.predict(from_array(image, pixel_size_um=0.2))
        fields.append(report_field(name, phases.micrograph, phases.labels, measure_fractions(phases)))
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render_html(fields, segmenter.model), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def opened(browser, report):
    """Return the opened page, the addresses it asked for, and what the browser complained about."""
    asked: list[str] = []
    complaints: list[str] = []
    page = browser.new_page(viewport={"width": 1200, "height": 900}, offline=True)
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(report.as_uri())
    yield page, asked, complaints
    page.close()


def test_the_page_opens_with_the_network_off_and_asks_for_nothing(opened, report):
    page, asked, complaints = opened
    assert "Phase fractions of 2 fields" in page.inner_text("h1")
    assert [url for url in asked if not url.startswith("data:")] == [report.as_uri()]
    assert complaints == []


def test_every_figure_is_drawn(opened):
    page, _, _ = opened
    assert page.eval_on_selector_all("img", "nodes => nodes.map(node => node.naturalWidth > 100)") == [True] * 3


def test_the_overlay_lies_over_the_micrograph(opened):
    page, _, _ = opened
    boxes = page.eval_on_selector_all(
        "#field-2 svg:nth-of-type(2) use",
        "nodes => nodes.map(node => { const box = node.getBBox(); return [box.width, box.height]; })",
    )
    assert boxes == [[80, 60], [80, 60]]


def test_wide_tables_do_not_make_the_page_wider_than_a_phone(opened):
    page, _, _ = opened
    page.set_viewport_size({"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    page.set_viewport_size({"width": 1200, "height": 900})
