from __future__ import annotations

import json

from benchmarks.records import QUICK, CaseResult, Curve
from benchmarks.report import format_table, write_report


def test_report_holds_everything_and_names_no_host(tmp_path):
    import platform

    rows = [{"k": 2, "seconds": 0.25, "not above": True, "own loss": None}]
    curve = Curve("peer", "8 x 2, k = 2", (0.1, 0.2), (1.0, 0.5))
    result = CaseResult("tall", "A title", "some data", {"Cells": rows}, ("fast",), (curve,), ("other: not installed",))
    written = write_report([result], QUICK, tmp_path / "new")
    assert [path.name for path in written] == ["results.json", "results.md", "objective.svg", "objective.png"]
    record = json.loads(written[0].read_text())
    assert record["cases"][0]["tables"] == {"Cells": rows}
    assert record["effort"]["name"] == "quick"
    assert record["machine"]["cores"] >= 1
    assert record["versions"]["scikit-learn"] != "not installed"
    text = written[1].read_text()
    for expected in (
        "A title",
        "some data",
        "- fast",
        "| 2 | 0.25 | yes |  |",
        "- other: not installed",
        "objective.svg",
    ):
        assert expected in text
    assert written[3].read_bytes().startswith(b"\x89PNG")
    for path in written[:3]:
        assert platform.node() not in path.read_text()


def test_report_without_curves_has_no_picture(tmp_path):
    written = write_report([CaseResult("memory", "t", "d", {})], QUICK, tmp_path)
    assert [path.name for path in written] == ["results.json", "results.md"]


def test_numbers_are_formatted_by_kind():
    assert format_table([{"a": 1_234_567, "b": 3.14159, "c": False, "d": "x"}])[2:] == [
        "| 1,234,567 | 3.142 | no | x |"
    ]
