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
    QUICK,
    name="tiny",
    crop=48,
    components=(2,),
    repeats=2,
    pipeline_images=2,
    memory_rows=20_000,
    imports=1,
    quality_images=1,
    app_shape=(64, 64),
    app_runs=3,
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
    "import": {"statement", "seconds", "spread"},
    "quality": {"method", "mean", "s per image"},
    "app": {"what", "median s", "slowest s"},
    "known_answers": {"problem", "engine", "solver", "deviation"},
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


def test_tall_sets_the_slower_subject_and_its_worse_loss_against_the_quickest_reference():
    rows = [
        {"peer": "nmfcore", "setting": "feature-major", "is first": True, "seconds": 1.0, "loss": 5.0},
        {"peer": "nmfcore", "setting": "sample-major", "is first": False, "seconds": 2.0, "loss": 7.0},
        {"peer": "scikit-learn", "setting": "sample-major", "is first": True, "seconds": 16.0, "loss": 6.0},
        {
            "peer": "scikit-learn",
            "setting": "sample-major, 1 BLAS thread",
            "is first": False,
            "seconds": 8.0,
            "loss": 8.0,
        },
    ]
    cell = tall_case._summarise([{**row, "images": 1, "pixels": 9, "k": 2} for row in rows])
    assert (cell["speed-up"], cell["speed-up over quickest"]) == (8.0, 4.0)
    assert cell["nmfcore loss"] == 7.0
    assert cell["not above"] is False
    assert next(iter(tall_case._headlines([cell]))).endswith("at 0 of 1 k")
    fine = {**cell, "not above": True}
    assert "at 1 of 2 k; there 8 to 8 times as fast" in next(iter(tall_case._headlines([cell, fine])))


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


def test_settings_arrange_the_same_values():
    X = np.arange(12.0).reshape(4, 3)
    for setting in PEERS["scikit-learn"].settings:
        arranged = setting.arrange(X)
        assert np.array_equal(arranged, X)
        assert arranged.flags.f_contiguous == (setting.layout == "feature-major")


def test_a_failing_child_is_reported():
    with pytest.raises(RuntimeError, match=r"'time_import' failed .* No module named 'nowhere'"):
        call_child("time_import", {"module": "nowhere"})


def test_command_lists_cases_and_writes_where_told(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("benchmarks.__main__.QUICK", TINY)
    assert main(["--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(CASES)
    assert main(["--quick", "--case", "import", "--out", str(tmp_path / "made")]) == 0
    assert (tmp_path / "made" / "results.json").is_file()


def test_command_refuses_an_unknown_case(capsys):
    with pytest.raises(SystemExit):
        main(["--case", "nonsense"])
    assert "invalid choice: 'nonsense'" in capsys.readouterr().err
