from __future__ import annotations

import dataclasses
import json
import math
import re

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.cases import CASES, Case
from benchmarks.cases.swap import LEEWAY, PANEL
from benchmarks.fresh import call_child
from benchmarks.micrographs import load_matrix
from benchmarks.peers import PEERS
from benchmarks.records import QUICK
from benchmarks.targets import Figure, judge
from nmfcore import NMF

TINY = dataclasses.replace(QUICK, name="tiny", crop=48, repeats=2)
MATRIX = {"matrix", "k", "nmfcore s", "scikit-learn s", "speed-up", "to its loss", "not above", "to equal loss"}
NEEDS_DATA = ("faces", "samson", "eels", "swimmer")
COLUMNS = {
    **dict.fromkeys(("tall", "tall_10", "tall_100"), {"components", "nmfcore s", "scikit-learn s", "ratio"}),
    **dict.fromkeys(("digits", "spectrogram", "poisson", "words"), MATRIX),
    "transform": {"k", "engine", "layout", "s per image", "loss"},
    "swap": {"line", "figure", "found", "target", "others", "verdict"},
    "scaling": {"varied", "m", "n", "k", "peer", "seconds"},
    "out_of_core": {"rows", "fit s", "transform s", "memory of its own above the start MiB"},
    "cold_start": {"peer", "process", "import s", "first fit s"},
    "texture_pipeline": {"engine", "train s", "segment one s", "total s"},
    "pipeline": {"engine", "read s", "train s", "segment one s", "total s", "spread"},
    "memory": {"peer", "k", "X MiB", "peak above X / X"},
    "import": {"statement", "seconds", "spread"},
    "quality": {"method", "mean", "s per image"},
    "taught": {"annotation", "method", "mean", "s of CPU"},
    "atoms": {"line", "figure of", "figure", "target", "verdict", "baseline"},
    "app": {"what", "median s", "slowest s"},
    "known_answers": {"problem", "engine", "solver", "deviation"},
    "intervals": {"interval", "set", "coverage", "width, points"},
    "grains": {"line", "figure", "found", "target", "others", "verdict"},
}


@pytest.fixture(autouse=True)
def synthetic_images(tmp_path, monkeypatch):
    monkeypatch.setenv("NMFCORE_DATA", str(tmp_path / "absent"))


@pytest.mark.parametrize("name", [name for name in CASES if name not in (*NEEDS_DATA, "series")])
def test_case_runs_small_and_its_tables_are_sound(name):
    result = CASES[name].run(TINY)
    assert result.name == name
    assert result.headlines
    first = next(iter(result.tables.values()))
    assert COLUMNS[name] <= set(first[0])
    for rows in json.loads(json.dumps(result.tables)).values():
        assert rows
        assert all(list(row) == list(rows[0]) for row in rows)
        for value in (value for row in rows for value in row.values() if isinstance(value, float)):
            assert math.isfinite(value)


def test_the_case_of_films_names_the_sets_that_are_absent():
    result = CASES["series"].run(TINY)
    assert result.tables == {}
    assert all(line.endswith("not in the folder") for line in result.skipped)
    assert result.skipped


def test_an_error_above_scikit_learns_is_the_one_of_the_panel_that_is_told(monkeypatch):
    entries = tuple(entry for entry in PANEL if entry.name == "small")

    class Worse(NMF):
        def fit_transform(self, X, **keywords):
            return 1.5 * super().fit_transform(X, **keywords)

    monkeypatch.setattr("benchmarks.cases.swap.PANEL", entries[:1])
    sound = CASES["swap"].run(TINY)
    monkeypatch.setattr("benchmarks.cases.swap.NMF", Worse)
    wrong = CASES["swap"].run(TINY)
    errors = [result.tables["Swapped"][0]["error ratio"] for result in (sound, wrong)]
    assert errors[0] <= LEEWAY < errors[1]
    assert not [line for line in sound.missed if line.startswith("S3")]
    assert [line for line in wrong.missed if line.startswith("S3")]


@pytest.mark.parametrize("name", NEEDS_DATA)
def test_case_says_what_data_it_needs(name):
    result = CASES[name].run(TINY)
    assert result.tables == {}
    assert re.fullmatch(r"no unmixing/\S+ in the folder named by NMFCORE_DATA", result.skipped[0])


@pytest.mark.parametrize("name", NEEDS_DATA)
def test_case_with_data_runs_small(name, shared_data, monkeypatch):
    monkeypatch.setenv("NMFCORE_DATA", str(shared_data))
    (row,) = CASES[name].run(dataclasses.replace(TINY, peers=("scikit-learn-cd",))).tables["Matrices"]
    assert row.keys() >= MATRIX


def test_many_images_repeat_ten():
    few, _ = load_matrix(10, 8)
    many, description = load_matrix(12, 8)
    assert np.array_equal(many[:640], few)
    assert np.array_equal(many[640:], few[:128])
    assert description.endswith("repeated to 12")


def test_matrix_is_feature_major_and_says_what_it_is():
    X, description = load_matrix(2, 40)
    assert X.shape == (2 * 40 * 40, 6)
    assert X.dtype == np.float32
    assert X.flags.f_contiguous
    assert "synthetic" in description
    assert X.min() > 0


def test_settings_arrange_the_same_values():
    X = np.arange(12.0).reshape(4, 3)
    for setting in PEERS["scikit-learn-cd"].settings:
        arranged = setting.arrange(X)
        assert np.array_equal(arranged, X)
        assert arranged.flags.f_contiguous == (setting.layout == "feature-major")


def test_a_failing_child_is_reported():
    with pytest.raises(RuntimeError, match=r"'time_import' failed .* No module named 'nowhere'"):
        call_child("time_import", {"module": "nowhere"})


def test_command_lists_cases_and_writes_where_told(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("benchmarks.__main__.QUICK", TINY)
    assert main(["--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [*CASES, *PEERS]
    assert main(["--quick", "--case", "import", "--out", str(tmp_path / "made")]) == 0
    assert (tmp_path / "made" / "results.json").is_file()


def test_command_keeps_to_the_chosen_peers(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.__main__.QUICK", TINY)
    assert main(["--quick", "--case", "digits", "--peer", "scikit-learn-mu", "--out", str(tmp_path)]) == 0
    record = json.loads((tmp_path / "results.json").read_text())
    assert record["effort"]["peers"] == ["scikit-learn-mu"]
    assert record["cases"][0]["seconds"] > 0
    assert [row["peer"] for row in record["cases"][0]["tables"]["Contenders"]] == ["nmfcore", "scikit-learn-mu"]


def test_a_case_that_fails_is_reported_and_does_not_take_the_others_along(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("benchmarks.__main__.QUICK", TINY)
    monkeypatch.setitem(CASES, "digits", Case("Breaks", lambda effort: 1 / 0))
    assert main(["--quick", "--case", "digits", "import", "--out", str(tmp_path)]) == 1
    broken, sound = json.loads((tmp_path / "results.json").read_text())["cases"]
    assert broken["skipped"] == ["failed with ZeroDivisionError: division by zero"]
    assert sound["tables"]["Imports"]
    assert "1 / 0" in capsys.readouterr().err


def test_command_refuses_an_unknown_case(capsys):
    with pytest.raises(SystemExit):
        main(["--case", "nonsense"])
    assert "invalid choice: 'nonsense'" in capsys.readouterr().err


def test_a_figure_that_falls_short_ends_the_command_with_1(tmp_path, monkeypatch):
    figures = [
        Figure("B1", "one", 0.5, least=0.4),
        Figure("B2", "two", 0.5, most=0.4),
        Figure("B3", "three", math.nan, 0),
    ]
    result = judge("grains", "t", "d", figures)
    assert [row["verdict"] for row in result.tables["Targets"]] == ["met", "falls short", "falls short"]
    assert [line[:2] for line in result.missed] == ["B2", "B3"]
    for found, code in ((result, 1), (judge("grains", "t", "d", figures[:1], ("no set",)), 0)):
        monkeypatch.setitem(CASES, "grains", Case("t", lambda effort, found=found: found))
        arguments = ["--case", "grains", "--data", str(tmp_path), "--out", str(tmp_path / str(code))]
        assert main(arguments) == code
