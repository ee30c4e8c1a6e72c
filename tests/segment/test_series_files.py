from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from segment.cli import app
from segment.io import write_png
from segment.samples import make_coarsening
from segment.series import open_series
from segment.series.interval import read_interval


def call(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def assert_one_line(result, code: int, *words: str) -> None:
    assert result.exit_code == code, result.output
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert "Traceback" not in result.output
    for word in words:
        assert word in line


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    film = make_coarsening(n_frames=8, shape=(128, 128), n_particles=45, jumps=(4,), seed=1)
    home = tmp_path_factory.mktemp("film")
    for index, frame in enumerate(film.frames, start=1):
        write_png(home / f"frame_{index}.png", np.full_like(frame, 100) if index == 6 else frame)
    return home


def test_the_command_measures_a_film_and_says_what_it_passed_over(folder, tmp_path):
    out = tmp_path / "out"
    result = call("series", folder, "-o", out, "--interval", "0.5s", "--pixel-size", 0.001)
    assert result.exit_code == 0, result.output
    assert "frame_6.png: blank, left out" in result.stdout
    assert "frame_5.png: the specimen jumped by" in result.stdout
    record = json.loads((out / "series.json").read_text())
    assert record["objects"]["first"] > 20
    assert record["law"]["verdict"]
    frames = (out / "frames.csv").read_text().splitlines()
    assert frames[0].startswith("frame,name,time_s,")
    assert frames[6].split(",")[2] == "2.5"
    assert "blank" in frames[6]
    assert (out / "objects.csv").read_text().startswith("frame,track,label,")
    report = (out / "report.html").read_text()
    assert "data:image/png;base64," in report
    assert "frame_6.png" in report
    assert "http" not in report.replace("http-equiv", "")
    with Image.open(out / "film.gif") as picture:
        assert picture.n_frames == 7


def test_a_film_measured_again_gives_the_same_bytes_and_resume_keeps_them(folder, tmp_path):
    for name in ("one", "two"):
        assert call("series", folder, "-o", tmp_path / name).exit_code == 0
    for name in ("objects.csv", "events.csv", "frames.csv", "series.json", "film.gif", "drift.png", "report.html"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name
    before = (tmp_path / "one" / "series.json").stat().st_mtime_ns
    kept = call("series", folder, "-o", tmp_path / "one", "--resume")
    assert "kept" in kept.stdout
    assert (tmp_path / "one" / "series.json").stat().st_mtime_ns == before
    other = call("series", folder, "-o", tmp_path / "one", "--resume", "--gap", 1)
    assert "kept" not in other.stdout
    again = call("rerun", tmp_path / "two" / "series.json")
    assert again.exit_code == 0, again.output
    assert "the same tables, bit for bit" in again.stdout
    record = json.loads((tmp_path / "two" / "series.json").read_text())
    record["files_sha256"]["events.csv"] = "0" * 64
    (tmp_path / "two" / "series.json").write_text(json.dumps(record))
    other = call("rerun", tmp_path / "two" / "series.json")
    assert other.exit_code == 1
    assert "table events.csv: recorded 000000000000" in other.stderr


def test_other_frames_are_not_measured_again_and_a_damaged_side_car_is_said(folder, tmp_path):
    record = {"format": "segment series", "version": 1, "input": {"paths": [str(folder)], "sha256": "0" * 64}}
    record |= {"parameters": {}, "files_sha256": {}, "software": {}}
    (tmp_path / "series.json").write_text(json.dumps(record))
    other = call("rerun", tmp_path / "series.json")
    assert other.exit_code == 1
    assert "could not be measured again" in other.stderr
    (tmp_path / "series.json").write_text(json.dumps({**record, "parameters": {"odd": 1}}))
    assert_one_line(call("rerun", tmp_path / "series.json"), 1, "series.json", "odd")
    (tmp_path / "series.json").write_text(json.dumps({**record, "version": 9}))
    assert_one_line(call("rerun", tmp_path / "series.json"), 1, "of version 9")


def test_a_film_is_read_from_a_url_and_written_to_one(folder, tmp_path):
    pytest.importorskip("upath", reason="needs nmfcore[remote]")
    from segment.io import as_path

    store = as_path(f"memory://{tmp_path.name}")
    for path in sorted(folder.iterdir())[:4]:
        (store / "film" / path.name).parent.mkdir(parents=True, exist_ok=True)
        (store / "film" / path.name).write_bytes(path.read_bytes())
    result = call("series", store / "film", "-o", store / "out")
    assert result.exit_code == 0, result.output
    assert (store / "out" / "objects.csv").read_bytes().startswith(b"frame,track,label,")
    assert (store / "out" / "film.gif").is_file()


def test_one_thread_gives_the_bits_of_two(folder, monkeypatch):
    from segment.pipeline import series as room

    tables = []
    for threads in (1, 2):
        monkeypatch.setattr("segment.pipeline.workers.THREADS", threads)
        tables.append(room.measure_series(open_series(folder), room.SeriesOptions()).tracks.table.to_csv())
    assert tables[0] == tables[1]


def test_a_film_without_objects_is_measured_and_says_so(tmp_path):
    rng = np.random.default_rng(0)
    still = rng.normal(scale=1, size=(96, 96))
    for index in range(5):
        frame = 100 + still + rng.normal(scale=3, size=still.shape)
        write_png(tmp_path / "in" / f"{index}.png", np.clip(frame, 0, 255).astype(np.uint8))
    result = call("series", tmp_path / "in", "-o", tmp_path / "out")
    assert "Traceback" not in result.output
    assert result.exit_code in (0, 1)


def test_wrong_inputs_are_named(folder, tmp_path):
    assert_one_line(call("series", folder / "frame_1.png", "-o", tmp_path), 1, "at least 2 frames, got 1")
    assert_one_line(call("series", tmp_path / "none", "-o", tmp_path), 1, "none")
    assert_one_line(call("series", folder, "--interval", "soon"), 2, "--interval", "'soon'")
    assert_one_line(call("series", folder, "--polarity", "grey"), 2, "--polarity")
    assert_one_line(call("series", folder, "--gap", -1), 2, "--gap")


@pytest.mark.parametrize(("text", "seconds"), [("0.5s", 0.5), ("2min", 120), ("40ms", 0.04), ("1h", 3600), ("3", 3)])
def test_intervals_are_read_with_their_unit(text, seconds):
    assert read_interval(text) == pytest.approx(seconds)
