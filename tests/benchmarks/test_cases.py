from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.cases import CASES
from benchmarks.cases import tall as tall_case
from benchmarks.fresh import call_child
from benchmarks.micrographs import load_matrix
from benchmarks.peers import PEERS, Peer
from benchmarks.records import QUICK
from benchmarks.report import collect

TINY = dataclasses.replace(
    QUICK, name="tiny", crop=48, components=(2,), repeats=2, pipeline_images=2, memory_rows=20_000, imports=1
)
COLUMNS = {
    "tall": {
        "images",
        "k",
        "scikit-learn s",
        "nmfcore s",
        "speed-up",
        "scikit-learn loss",
        "nmfcore loss",
        "not above",
    },
    "pipeline": {"engine", "read s", "train s", "segment one s", "total s", "spread"},
    "memory": {"peer", "k", "X MiB", "peak above X / X"},
    "import": {"module", "seconds", "spread"},
}


@pytest.fixture(autouse=True)
def synthetic_images(tmp_path, monkeypatch):
    monkeypatch.setenv("NMFCORE_DATA", str(tmp_path / "absent"))


@pytest.mark.parametrize("name", CASES)
def test_case_runs_small_and_its_tables_are_sound(name):
    result = CASES[name].run(TINY)
    assert result.name == name
    assert result.headlines
    first = next(iter(result.tables.values()))
    assert COLUMNS[name] <= set(first[0])
    record = json.loads(json.dumps(collect([result], TINY)))
    for rows in record["cases"][0]["tables"].values():
        assert rows
        assert all(list(row) == list(rows[0]) for row in rows)
        for value in (value for row in rows for value in row.values() if isinstance(value, float)):
            assert math.isfinite(value)


def test_tall_compares_the_better_layout_of_the_reference_and_the_worse_loss_of_the_subject():
    rows = [
        {"peer": "nmfcore", "layout": "feature-major", "better layout": True, "seconds": 1.0, "loss": 5.0},
        {"peer": "nmfcore", "layout": "sample-major", "better layout": False, "seconds": 2.0, "loss": 7.0},
        {"peer": "scikit-learn", "layout": "feature-major", "better layout": False, "seconds": 9.0, "loss": 8.0},
        {"peer": "scikit-learn", "layout": "sample-major", "better layout": True, "seconds": 8.0, "loss": 6.0},
    ]
    cell = tall_case._summarise([{**row, "images": 1, "pixels": 9, "k": 2} for row in rows])
    assert (cell["speed-up"], cell["speed-up, sample-major"]) == (8.0, 4.0)
    assert cell["nmfcore loss"] == 7.0
    assert cell["not above"] is False
    assert "0 of 1 k; no cell counts" in next(iter(tall_case._headlines([cell])))


def test_a_missing_peer_is_skipped_with_its_reason(monkeypatch):
    absent = Peer("some engine", "package_that_is_not_there", lambda X, k, limit: pytest.fail("was called"))
    monkeypatch.setitem(PEERS, "absent", absent)
    assert "absent" not in tall_case._available()
    assert absent.reason_to_skip() == "some engine: package 'package_that_is_not_there' is not installed"


def test_matrix_is_feature_major_and_says_what_it_is():
    X, description = load_matrix(2, 40)
    assert X.shape == (2 * 40 * 40, 6)
    assert X.dtype == np.float32
    assert X.flags.f_contiguous
    assert "synthetic" in description
    assert X.min() > 0


def test_a_failing_child_is_reported():
    with pytest.raises(RuntimeError, match=r"'time_import' failed .* No module named 'nowhere'"):
        call_child("time_import", {"module": "nowhere"})


def test_command_lists_cases_and_writes_where_told(tmp_path, capsys):
    assert main(["--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(CASES)
    assert main(["--quick", "--case", "import", "--out", str(tmp_path / "made")]) == 0
    assert (tmp_path / "made" / "results.json").is_file()


def test_command_refuses_an_unknown_case(capsys):
    with pytest.raises(SystemExit):
        main(["--case", "nonsense"])
    assert "invalid choice: 'nonsense'" in capsys.readouterr().err
