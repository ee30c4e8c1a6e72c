from __future__ import annotations

import os

import numpy as np
import pytest

from segment import Segmenter
from segment.io import write_png
from segment.pipeline import apply
from segment.pipeline.series import SeriesOptions, run_series
from segment.pipeline.workers import WorkerLostError, workers
from segment.samples import make_coarsening

dask = pytest.importorskip("dask", reason="needs nmfcore[dask]")
distributed = pytest.importorskip("distributed", reason="needs nmfcore[dask]")


@pytest.fixture(scope="module")
def address():
    # The scheduler gives up a task when one worker died of it; by default it is four, and each takes its time to start.
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
    ):
        yield cluster.scheduler_address


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("in")
    for seed in range(3):
        image = np.where(np.add.outer(np.arange(48), np.arange(64)) % (18 + seed) < 9, 60, 190)
        noise = np.random.default_rng(seed).normal(0, 9, image.shape)
        write_png(folder / f"field{seed}.png", np.clip(image + noise, 0, 255).astype(np.uint8))
    (folder / "broken.png").write_bytes(b"no image")
    return folder


@pytest.fixture(scope="module")
def segmenter(folder):
    return Segmenter(n_phases=2, random_state=0, features="grey").fit([folder / "field0.png"])


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_a_cluster_writes_the_same_bytes(address, folder, segmenter, tmp_path):
    here = apply(segmenter, [folder], tmp_path / "here", report=True)
    there = apply(segmenter, [folder], tmp_path / "there", report=True, cluster=address)
    files, others = contents(tmp_path / "here"), contents(tmp_path / "there")
    # The page says when it was made.
    page, other = files.pop("report.html"), others.pop("report.html")
    assert files == others
    assert all(b"field%d" % number in page and b"field%d" % number in other for number in range(3))
    assert [item.fractions for item in here.images] == [item.fractions for item in there.images]
    assert [item.message for item in here.failures] == [item.message for item in there.failures]
    again = apply(segmenter, [folder], tmp_path / "there", resume=True, report=True, cluster=address)
    assert all(item.is_resumed for item in again.images)


def test_a_film_measured_on_a_cluster_has_the_same_tables(address, tmp_path):
    film = make_coarsening(n_frames=6, shape=(64, 64), n_particles=20, seed=0)
    for number, frame in enumerate(film.frames):
        write_png(tmp_path / "film" / f"{number}.png", frame)
    for name, cluster in (("here", None), ("there", address)):
        run_series(tmp_path / "film", tmp_path / name, SeriesOptions(), cluster=cluster)
    for name in ("objects.csv", "events.csv", "frames.csv", "series.json"):
        assert (tmp_path / "here" / name).read_bytes() == (tmp_path / "there" / name).read_bytes(), name


def die_once(marks, number):
    """Take the worker's process down the first time that number 2 is met."""
    mark = marks / str(number)
    if number == 2 and not mark.exists():
        mark.touch()
        os._exit(1)
    return os.getpid(), number


def die(_, number):
    """Take the worker's process down whenever number 1 is met."""
    if number == 1:
        os._exit(1)
    return number


def test_a_worker_that_dies_costs_its_item_a_retry(address, tmp_path):
    with workers(address) as each:
        found = list(each(die_once, tmp_path, range(6)))
    assert [number for _, number in found] == list(range(6))
    assert (tmp_path / "2").exists()


@pytest.mark.filterwarnings("ignore")
def test_an_item_that_every_worker_dies_of_is_the_only_one_lost(address):
    with workers(address) as each:
        found = list(each(die, None, range(3)))
    assert found[0] == 0
    assert found[2] == 2
    assert isinstance(found[1], WorkerLostError)


def test_a_cluster_that_is_not_there_is_said(monkeypatch):
    monkeypatch.setattr("segment.pipeline.workers.PATIENCE", 0.2)
    with pytest.raises(ValueError, match="no Dask scheduler answers"), workers("tcp://127.0.0.1:9") as _:
        pass
