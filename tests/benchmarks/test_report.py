from __future__ import annotations

import dataclasses
import json

import pytest

from benchmarks.__main__ import main
from benchmarks.cases import CASES
from benchmarks.cases.case import Case
from benchmarks.records import QUICK, CaseResult, Curve
from benchmarks.report import add_result, format_table, start_record, write_pages


def test_report_holds_everything_and_names_no_host(tmp_path):
    import platform

    rows = [{"k": 2, "seconds": 0.25, "not above": True, "own loss": None}]
    curve = Curve("peer", "8 x 2, k = 2", (0.1, 0.2), (1.0, 0.5))
    result = CaseResult("tall", "A title", "some data", {"Cells": rows}, ("fast",), (curve,), ("other: not installed",))
    record = start_record(QUICK)
    written = [add_result(record, result, ("tall",), tmp_path), *write_pages(record, tmp_path)]
    assert [path.name for path in written] == ["results.json", "results.md", "objective.svg"]
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
    assert "8 x 2, k = 2" in written[2].read_text()
    for path in written:
        assert platform.node() not in path.read_text()


def test_report_without_curves_has_no_picture(tmp_path):
    (tmp_path / "objective.svg").write_text("of an earlier run")
    record = start_record(QUICK)
    add_result(record, CaseResult("memory", "t", "d", {}), (), tmp_path)
    assert write_pages(record, tmp_path) == [tmp_path / "results.md"]
    assert {path.name for path in tmp_path.iterdir()} == {"results.json", "results.md"}


def test_numbers_are_formatted_by_kind():
    assert format_table([{"a": 1_234_567, "b": 3.14159, "c": False, "d": "x"}])[2:] == [
        "| 1,234,567 | 3.142 | no | x |"
    ]


def answering(name, headline):
    curves = (Curve("nmfcore", f"panel of {name}", (0.1, 0.2), (1.0, 0.5)),)
    return Case(name, lambda effort: CaseResult(name, name, "data", {}, (headline,), curves))


def interrupt(effort):
    raise KeyboardInterrupt


def headlines(folder):
    record = json.loads((folder / "results.json").read_text())
    return {case["name"]: case["headlines"][0] for case in record["cases"]}


def test_a_case_is_written_as_soon_as_it_ends_and_put_beside_the_others(tmp_path, monkeypatch):
    first, second, third = list(CASES)[:3]
    monkeypatch.setitem(CASES, second, answering(second, "two"))
    monkeypatch.setitem(CASES, third, Case("is interrupted", interrupt))
    command = ["--quick", "--out", str(tmp_path)]
    with pytest.raises(KeyboardInterrupt):
        main([*command, "--case", second, third])
    assert headlines(tmp_path) == {second: "two"}
    monkeypatch.setitem(CASES, first, answering(first, "one"))
    monkeypatch.setitem(CASES, third, answering(third, "three"))
    assert main([*command, "--case", third, first]) == 0
    assert list(headlines(tmp_path).items()) == [(first, "one"), (second, "two"), (third, "three")]
    monkeypatch.setitem(CASES, second, answering(second, "again"))
    assert main([*command, "--case", second]) == 0
    assert headlines(tmp_path) == {first: "one", second: "again", third: "three"}
    page, picture = ((tmp_path / name).read_text() for name in ("results.md", "objective.svg"))
    assert [line for line in page.splitlines() if line.startswith("- ")] == ["- one", "- again", "- three"]
    assert all(f"panel of {name}" in picture for name in (first, second, third))
    for name in CASES:
        monkeypatch.setitem(CASES, name, Case("is interrupted", interrupt))
    monkeypatch.setitem(CASES, first, answering(first, "anew"))
    with pytest.raises(KeyboardInterrupt):
        main(command)
    assert headlines(tmp_path) == {first: "anew"}


def test_what_was_measured_otherwise_is_not_mixed_in_and_stays(tmp_path, monkeypatch, capsys):
    name = next(iter(CASES))
    monkeypatch.setitem(CASES, name, Case("is not run", lambda effort: pytest.fail("was run")))
    record = start_record(QUICK)
    data = add_result(record, CaseResult(name, "t", "d", {}), (), tmp_path)

    def refusal(**changed):
        data.write_text(json.dumps({**record, **changed}))
        before = data.read_text()
        with pytest.raises(SystemExit):
            main(["--quick", "--case", name, "--out", str(tmp_path)])
        assert data.read_text() == before
        return capsys.readouterr().err

    slow = dataclasses.asdict(dataclasses.replace(QUICK, name="full"))
    assert "measured with another effort: name full (now quick); choose another folder" in refusal(effort=slow)
    assert "another machine: cores 96 (now " in refusal(machine={**record["machine"], "cores": 96})
    assert "other versions: numpy 1.0 (now " in refusal(versions={**record["versions"], "numpy": "1.0"})
    assert "other threads: nmfcore 96 (now " in refusal(threads={**record["threads"], "nmfcore": 96})
    assert "has schema 1, this version" in refusal(schema=1)


def test_a_folder_that_cannot_be_made_is_named(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit):
        main(["--quick", "--case", "import", "--out", str(tmp_path / "file")])
    assert f"--out {tmp_path / 'file'}: " in capsys.readouterr().err
