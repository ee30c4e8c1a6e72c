from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from segment import Segmenter
from segment.cli import app
from segment.io import write_png
from segment.pipeline import outputs


def draw(path: Path, seed: int = 0, shape: tuple[int, int] = (40, 48)) -> Path:
    rng = np.random.default_rng(seed)
    image = np.full(shape, 60.0)
    image[:, shape[1] // 2 :] = 190
    write_png(path, np.clip(image + rng.normal(scale=6, size=shape), 0, 255).astype(np.uint8))
    return path


@pytest.fixture
def folder(tmp_path) -> Path:
    for seed in range(2):
        draw(tmp_path / "in" / f"image{seed}.png", seed)
    return tmp_path / "in"


def call(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def assert_one_line(result, code: int, *words: str) -> None:
    assert result.exit_code == code, result.output
    lines = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, result.stderr
    assert "Traceback" not in result.output
    for word in words:
        assert word in lines[0]


def test_the_version_is_that_of_the_package():
    import nmfcore

    result = call("--version")
    assert (result.exit_code, result.stdout) == (0, f"segment {nmfcore.__version__}\n")


def test_run_prints_fractions_and_writes_results(folder, tmp_path):
    result = call("run", folder, "-k", 2, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "image0" in result.stdout
    assert "2 segmented, 0 failed" in result.stdout
    assert (tmp_path / "out" / "image1_labels.png").is_file()


def test_train_then_apply_gives_what_run_gives(folder, tmp_path):
    assert call("train", folder, "-k", 2, "-o", tmp_path / "m.npz").exit_code == 0
    assert call("apply", tmp_path / "m.npz", folder / "*.png", "-o", tmp_path / "a").exit_code == 0
    assert call("run", folder, "-k", 2, "-o", tmp_path / "b").exit_code == 0
    for name in ("fractions.csv", "image0_labels.png", "image1_phases.png"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_options_reach_the_model(folder, tmp_path):
    options = ["--preset", "high_sparsity", "--size", 32, "--clahe", "--seed", 4, "--smoothness", 0.5]
    options += ["--pixel-size", 0.5, "--min-region", "3um2"]
    assert call("train", folder, "-k", 2, *options, "-o", tmp_path / "m.npz").exit_code == 0
    parameters = Segmenter.load(tmp_path / "m.npz").parameters
    assert (parameters.n_phases, parameters.preset, parameters.alpha) == (2, "high_sparsity", 0.15)
    assert (parameters.size, parameters.clahe, parameters.random_state) == (32, True, 4)
    assert (parameters.smoothness, parameters.min_region) == (0.5, 12)


def test_json_is_all_there_is_on_standard_output(folder, tmp_path):
    result = call("run", folder, "-k", 2, "-o", tmp_path / "out", "--json", "--pixel-size", 0.5)
    content = json.loads(result.stdout)
    assert [image["name"] for image in content["images"]] == ["image0", "image1"]
    assert sum(row["area_um2"] for row in content["images"][0]["fractions"]) == pytest.approx(40 * 48 / 4)
    trained = json.loads(call("train", folder, "-k", 2, "-o", tmp_path / "m.npz", "--json").stdout)
    assert trained["sha256"] == Segmenter.load(tmp_path / "m.npz").model.digest


def test_quiet_prints_nothing(folder, tmp_path):
    result = call("run", folder, "-k", 2, "-o", tmp_path / "out", "--quiet")
    assert (result.exit_code, result.output) == (0, "")


def test_resume_says_what_was_kept(folder, tmp_path):
    arguments = ("run", folder, "-k", 2, "-o", tmp_path / "out", "--resume", "--json")
    assert [image["is_resumed"] for image in json.loads(call(*arguments).stdout)["images"]] == [False, False]
    assert [image["is_resumed"] for image in json.loads(call(*arguments).stdout)["images"]] == [True, True]


def test_report_and_exports_are_asked_for_by_option(folder, tmp_path):
    result = call("run", folder, "-k", 2, "-o", tmp_path / "out", "--report", "--export", "npz", "--export", "parquet")
    assert result.exit_code == 0, result.output
    assert f"Report in {tmp_path / 'out' / 'report.html'}" in result.stdout
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"report.html", "image0_phases.npz", "image1_phases.npz", "fractions.parquet"} <= names
    arguments = ("apply", tmp_path / "out" / "model.npz", folder, "-o", tmp_path / "again")
    content = json.loads(call(*arguments, "--report", "--export", "geojson", "--json").stdout)
    assert content["report"] == str(tmp_path / "again" / "report.html")
    assert (tmp_path / "again" / "image1_regions.geojson").is_file()


def test_rerun_says_same_or_what_differs(folder, tmp_path):
    out = tmp_path / "out"
    assert call("run", folder, "-k", 2, "-o", out).exit_code == 0
    same = call("rerun", out / "image0.json", out / "image1.json", "--train", folder)
    assert same.exit_code == 0, same.output
    assert same.stdout.splitlines() == [f"{out / f'image{i}.json'}: the same labels, bit for bit" for i in range(2)]
    draw(folder / "image1.png", 9)
    other = call("rerun", out / "image0.json", out / "image1.json")
    assert other.exit_code == 1
    assert other.stdout.splitlines() == same.stdout.splitlines()[:1]
    assert "image1.json: could not be segmented again" in other.stderr
    assert "  input sha256: recorded " in other.stderr
    [content] = json.loads(call("rerun", out / "image1.json", "--json").stdout)
    assert (content["is_same"], content["differences"][0]["kind"]) == (False, "input")
    assert call("rerun", out / "image0.json", "--quiet").output == ""


def test_rerun_of_labels_that_differ_for_no_recorded_reason(folder, tmp_path):
    assert call("run", folder, "-k", 2, "-o", tmp_path / "out").exit_code == 0
    side_car = tmp_path / "out" / "image0.json"
    side_car.write_text(side_car.read_text().replace('"labels_sha256": "', '"labels_sha256": "0'))
    result = call("rerun", side_car)
    assert result.exit_code == 1
    assert "other labels, 0 pixels changed; all else is as recorded" in result.stderr


def test_rerun_of_what_is_no_side_car_is_one_line(folder, tmp_path):
    assert_one_line(call("rerun", folder / "image0.png"), 1, "image0.png", "side-car")
    assert_one_line(call("rerun", tmp_path / "gone.json"), 1, "gone.json")
    assert_one_line(call("rerun", "a.json", "b.json", "--image", folder / "image0.png"), 2, "--image")


def test_info_shows_size_calibration_and_band(folder):
    result = call("info", folder / "image0.png", "--pixel-size", 0.25, "--band", 30)
    assert result.exit_code == 0
    for word in ("48 x 40", "uint8", "0.25 µm", "user", "rows 30 to 39"):
        assert word in result.stdout
    [content] = json.loads(call("info", folder / "image0.png", "--json").stdout)
    assert content["read_shape"] == [40, 48]
    assert content["calibration"]["pixel_size_um"] is None


def test_one_failure_lets_the_rest_go_on_and_ends_with_1(folder, tmp_path):
    whole = draw(folder / "cut.png", 3).read_bytes()
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    result = call("run", folder, "-k", 2, "-o", tmp_path / "out")
    assert_one_line(result, 1, "cut.png")
    assert "2 segmented, 1 failed" in result.stdout
    assert_one_line(call("info", folder), 1, "cut.png")


@pytest.mark.parametrize("command", ["run", "train", "info"])
def test_inputs_that_are_not_there_are_named(command, tmp_path):
    (tmp_path / "empty").mkdir()
    target = () if command == "info" else ("-o", tmp_path / "m.npz")
    assert_one_line(call(command, tmp_path / "empty", *target), 1, "empty")
    assert_one_line(call(command, tmp_path / "missing.png", *target), 1, "missing.png")


def test_a_single_pixel_is_too_little_to_train_on(tmp_path):
    draw(tmp_path / "one.png", shape=(1, 1))
    assert_one_line(call("run", tmp_path / "one.png", "-o", tmp_path / "out"), 1, "at least as many pixels")


def test_an_output_folder_that_cannot_be_is_named(folder, tmp_path):
    (tmp_path / "taken").write_text("")
    assert_one_line(call("run", folder, "-k", 2, "-o", tmp_path / "taken"), 1, "taken")
    assert_one_line(call("train", folder, "-k", 2, "-o", tmp_path / "taken" / "m.npz"), 1, "taken")
    assert_one_line(call("demo", "-o", tmp_path / "taken"), 1, "taken")


def test_a_corrupt_model_is_named(folder, tmp_path):
    (tmp_path / "m.npz").write_bytes(b"PK\x03\x04 no model")
    assert_one_line(call("apply", tmp_path / "m.npz", folder, "-o", tmp_path / "out"), 1, "m.npz")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["-k", 0], "n_phases"), (["-k", 256], "n_phases"), (["--preset", "x"], "high_sparsity"),
        (["--features", "x"], "pixel"), (["--size", "big"], "size"), (["--seed", -1], "random_state"),
        (["--band", "top"], "--band"), (["--band", 0], "--band"), (["--pixel-size", -1], "--pixel-size"),
        (["--pixel-size", "nan"], "--pixel-size"), (["--export", "hdf5"], "geojson"),
        (["--min-region", "5um"], "--min-region"), (["--min-region", "1um2"], "one known pixel size"),
        (["--smoothness", -1], "smoothness"),
    ],
)  # fmt: skip
def test_wrong_usage_ends_with_2(folder, tmp_path, options, word):
    assert_one_line(call("run", folder, "-o", tmp_path / "out", *options), 2, word)
    assert not (tmp_path / "out").exists()


def test_a_model_file_needs_its_suffix(folder, tmp_path):
    assert_one_line(call("train", folder, "-k", 2, "-o", tmp_path / "model"), 2, ".npz")


@pytest.mark.parametrize("arguments", [["run"], ["fly"], ["run", "--wings", "x"], ["run", "x", "-k", "three"]])
def test_unknown_commands_and_options_end_with_2(arguments):
    result = call(*arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_a_warning_is_one_line(folder, tmp_path, monkeypatch):
    fit = Segmenter.fit

    def warned(self, images, labels=None):
        warnings.warn("a component\nexplains nothing", RuntimeWarning, stacklevel=1)
        return fit(self, images, labels)

    monkeypatch.setattr(Segmenter, "fit", warned)
    result = call("run", folder, "-k", 2, "-o", tmp_path / "out")
    assert "warning: a component explains nothing" in result.stderr.splitlines()


def test_ctrl_c_ends_with_130_and_leaves_no_partial_file(folder, tmp_path, monkeypatch):
    def interrupted(path, image):
        if path.name == "image1_phases.png":
            raise KeyboardInterrupt
        write_png(path, image)

    monkeypatch.setattr(outputs, "write_png", interrupted)
    result = call("run", folder, "-k", 2, "-o", tmp_path / "out")
    assert result.exit_code == 130
    assert result.stderr.splitlines()[-1].startswith("interrupted: ")
    assert "Traceback" not in result.output
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert "image0.json" in names
    assert "image1.json" not in names
    assert not any(name.startswith(".") for name in names)


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, env={**os.environ, "COLUMNS": "100"}
    )


def test_help_shows_what_the_preset_has():
    # Square brackets would be taken for markup, and vanish.
    result = CliRunner().invoke(app, ["run", "--help"], env={"COLUMNS": "200"})
    assert "Number of phases (preset: 3)." in result.output


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from segment.cli import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'cv2', 'numba', 'sklearn', 'matplotlib', 'scipy', 'numpy', 'tifffile'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = python("-c", code)
    assert done.returncode == 0, done.stderr
    assert "segment" in done.stdout


def test_the_package_runs_as_a_module(tmp_path):
    draw(tmp_path / "a.png")
    done = python("-m", "segment", "info", str(tmp_path / "a.png"), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["shape"] == [40, 48]
    assert done.stderr == ""
