from __future__ import annotations

import json

import pytest

from benchmarks.__main__ import main
from benchmarks.cases.contested import collect_outcomes
from benchmarks.contest import Outcome
from benchmarks.publish import SHOWN, publish
from benchmarks.records import QUICK, CaseResult, Curve
from benchmarks.report import add_result, start_record, write_pages

OURS = {"peer": "nmfcore", "seconds": 2.0, "loss": 10.0}
LATER = {"peer": "scikit-learn-cd", "seconds": 16.0, "loss": 10.5, "s to our loss": 20.0, "reaches our loss": False}
SOONER = {"peer": "pyplanc", "seconds": 1.5, "loss": 9.9999, "s to our loss": 1.5, "reaches our loss": True}
SAME = {"matrix": "X 9 x 4", "k": 2, "loss function": "frobenius", "spread": 0.1, "capped": False, "relative loss": 0.1}


def written(folder, *rows):
    full = [{**dict.fromkeys(SHOWN), **SAME, **one} for one in rows]
    curves = (Curve("nmfcore", "X", (0.1, 0.2), (1.0, 0.5)),)
    results = [
        collect_outcomes("tall", "The main job", "some data", [Outcome(full, curves, ("X: other cannot",))]),
        CaseResult("quality", "Not about speed", "images", {"Mean IoU": [{"method": "ours"}]}),
    ]
    folder.mkdir(exist_ok=True)
    record = start_record(QUICK)
    for result in results:
        add_result(record, result, (), folder)
    write_pages(record, folder)
    return folder / "results.json"


def test_page_is_made_of_the_record_alone(tmp_path):
    results = written(tmp_path / "run", OURS, SOONER, LATER)
    files = publish(results, tmp_path / "docs")
    assert [path.name for path in files] == ["index.md", "appendix.md", "results.json", "objective.svg"]
    page, appendix = (files[number].read_text() for number in (0, 1))
    peer = "pyplanc hals, 1.5 s"
    line = f"| X 9 x 4 | 2 | frobenius | 2 s | {peer} | 0.75 | +0.001 % | 0.1 | {peer}, loss -0.001 % |"
    assert line in page
    assert "1 matrices, 3 contenders; wins of a peer: 1." in page
    assert "- X 9 x 4, k = 2, frobenius: pyplanc hals comes to nmfcore's loss in 1.5 s, nmfcore in 2 s" in page
    assert "## The main job" not in page
    assert "## The main job" in appendix
    assert "- X: other cannot" in appendix
    assert "Not about speed" not in page + appendix
    assert json.loads(files[2].read_text()) == json.loads(results.read_text())
    assert publish(files[2], tmp_path / "docs") == files
    assert (files[0].read_text(), files[1].read_text()) == (page, appendix)


def test_ratios_that_mean_little_are_marked_or_absent(tmp_path):
    wide = {"matrix": "X 90 x 4", "spread": 1.5}
    same = {"matrix": "X 9 x 2"}
    cut = {"matrix": "X 9 x 20,000, 1 % stored", "k": 20}
    rows = [{**one, **group} for group in (wide, same, cut) for one in (OURS, {**LATER, "capped": True})]
    page = publish(written(tmp_path, *rows), tmp_path / "docs")[0].read_text()
    lines = {line.split(" | ")[0].removeprefix("| "): line for line in page.splitlines() if line.startswith("| X")}
    assert "| 1.5, wide |" in lines["X 90 x 4"]
    assert "| none: k is the number of features" in lines["X 9 x 2"]
    assert "| 8 (cut short) |" in lines["X 9 x 20,000, 1 % stored"]


def test_a_case_that_measured_nothing_is_not_shown(tmp_path):
    record = start_record(QUICK)
    results = add_result(record, CaseResult("app", "The app", "an image", {}, skipped=("needs a thing",)), (), tmp_path)
    assert not any("The app" in path.read_text() for path in publish(results, tmp_path / "docs")[:2])


def test_page_says_plainly_that_nobody_wins(tmp_path):
    results = written(tmp_path, OURS, LATER)
    assert "wins of a peer: 0." in publish(results, tmp_path / "docs")[0].read_text()


@pytest.mark.parametrize(
    ("content", "message"),
    [("{", "is not JSON"), ('{"schema": 1}', "has schema 1"), ("[]", "has schema None")],
)
def test_a_file_that_is_no_record_is_refused_and_nothing_written(tmp_path, content, message, capsys):
    results = tmp_path / "results.json"
    results.write_text(content)
    with pytest.raises(ValueError, match=message):
        publish(results, tmp_path / "docs")
    assert not (tmp_path / "docs").exists()
    with pytest.raises(SystemExit):
        main(["--publish", str(results)])
    assert message in capsys.readouterr().err
