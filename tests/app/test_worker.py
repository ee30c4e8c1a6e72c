from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from segment.app.worker import Cancelled, Worker, WorkerError

pytestmark = pytest.mark.filterwarnings("default::ResourceWarning")


def count(to: int) -> Iterator[int]:
    yield from range(to)


def whoami() -> Iterator[int]:
    yield os.getpid()


def refuse() -> Iterator[int]:
    yield 1
    raise ValueError("n_phases must be smaller")


def fail() -> Iterator[int]:
    yield 1
    raise KeyError("surprise")


def die() -> Iterator[int]:
    yield 1
    os.kill(os.getpid(), signal.SIGKILL)


def hang() -> Iterator[int]:
    yield os.getpid()
    threading.Event().wait()


@pytest.fixture(scope="module")
def worker():
    worker = Worker()
    yield worker
    worker.stop()


def test_a_task_runs_in_another_process_again_and_again(worker):
    assert list(worker.run("a", count, 3)) == [0, 1, 2]
    (first,) = worker.run("a", whoami)
    (second,) = worker.run("b", whoami)
    assert first == second != os.getpid()


def test_errors_come_back_and_the_worker_lives_on(worker):
    with pytest.raises(ValueError, match="n_phases must be smaller"):
        list(worker.run("a", refuse))
    with pytest.raises(WorkerError, match="KeyError: 'surprise'"):
        list(worker.run("a", fail))
    assert list(worker.run("a", count, 1)) == [0]


def test_a_process_that_dies_is_told_and_replaced(worker):
    with pytest.raises(WorkerError, match="memory"):
        list(worker.run("a", die))
    assert list(worker.run("a", count, 2)) == [0, 1]


def test_only_the_owner_cancels_and_the_process_is_gone_at_once(worker):
    running = worker.run("owner", hang)
    process = next(running)
    assert not worker.cancel("another")
    assert worker.cancel("owner")
    with pytest.raises(Cancelled):
        next(running)
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    assert not worker.cancel("owner"), "nothing runs any more"
    assert list(worker.run("a", count, 1)) == [0]


def test_a_reader_who_goes_away_leaves_nothing_for_the_next(worker):
    running = worker.run("a", hang)
    next(running)
    running.close()
    assert list(worker.run("b", count, 2)) == [0, 1]


def test_two_at_once_take_turns(worker):
    seen: list[list[int]] = []
    threads = [threading.Thread(target=lambda: seen.append(list(worker.run("x", count, 50)))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [list(range(50))] * 2
