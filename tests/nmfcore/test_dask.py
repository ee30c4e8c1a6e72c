"""A dask.array in place of X: the factors of memory, on every scheduler."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from nmfcore import NMF, objective, out_of_core

da = pytest.importorskip("dask.array")
distributed = pytest.importorskip("distributed")

TALL = (40_000, 6)
# Rows that the fused pass sums together: chunks of whole blocks give the bits of memory.
BLOCK = 8192


def make(shape=TALL, k=3):
    rng = np.random.default_rng(0)
    X = rng.random((shape[0], k)) ** 3 @ rng.random((k, shape[1])) ** 2 + 0.05 * rng.random(shape)
    return X.astype(np.float32)


def assert_same_bits(one, other):
    np.testing.assert_array_equal(one.components_, other.components_)
    np.testing.assert_array_equal(one.loss_history_, other.loss_history_)


@pytest.fixture(scope="module")
def cluster():
    """Two worker processes."""
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as workers,
        distributed.Client(workers) as client,
    ):
        yield client


@pytest.fixture
def small_sample(monkeypatch):
    """Let 1,600 rows of 40 numbers be larger than memory."""
    monkeypatch.setattr(out_of_core, "_SAMPLE_BYTES", 1 << 18)


@pytest.mark.parametrize("parameters", [{}, {"alpha_W": 1e-3, "l1_ratio": 0.5}], ids=str)
def test_two_workers(cluster, parameters):
    X = make()
    D = cluster.persist(da.from_array(X, chunks=(BLOCK, -1)))
    distributed.wait(D)
    cluster.rebalance()
    assert len(cluster.has_what()) == 2
    assert all(cluster.has_what().values()), "both workers have rows"
    expected = NMF(3, random_state=0, **parameters).fit(X)
    model = NMF(3, random_state=0, **parameters)
    W = model.fit_transform(D)
    assert_same_bits(model, expected)
    assert isinstance(W, da.Array)
    assert (W.shape, W.dtype, W.chunks[0]) == ((len(X), 3), X.dtype, D.chunks[0])
    np.testing.assert_array_equal(W.compute(), expected.transform(X))


def test_two_workers_any_shape(cluster, small_sample):
    X = make((6_000, 40), 9)
    D = cluster.persist(da.from_array(X, chunks=(700, -1)))
    expected = NMF(9, random_state=0).fit(X)
    models = [NMF(9, random_state=0).fit(D) for _ in range(2)]
    assert_same_bits(*models)
    assert np.all(np.diff(models[0].loss_history_) < 0)
    assert models[0].loss_history_[-1] <= 1.001 * expected.loss_history_[-1]
    W = models[0].transform(D).compute()
    assert models[0].loss_history_[-1] == pytest.approx(objective(X, W, models[0].components_), rel=1e-5)


def test_two_workers_name_the_wrong_row(cluster):
    X = make()
    X[33_333, 4] = np.nan
    D = da.from_array(X, chunks=(5_000, -1))
    with pytest.raises(ValueError, match=r"contains NaN.*\(33333, 4\)"):
        NMF(3).fit(D)
    with pytest.raises(ValueError, match=r"contains NaN.*\(33333, 4\)"):
        NMF(3, random_state=0).fit(X[:300]).transform(D).compute()


@pytest.mark.parametrize("scheduler", ["synchronous", "threads"])
class TestLocalSchedulers:
    @pytest.fixture(autouse=True)
    def _scheduler(self, scheduler):
        import dask

        with dask.config.set(scheduler=scheduler):
            yield

    @pytest.mark.parametrize("rows", [BLOCK, 3 * BLOCK, (BLOCK, 0, 2 * BLOCK, 40_000 - 3 * BLOCK)], ids=str)
    def test_whole_blocks_have_the_bits_of_memory(self, rows):
        X = make()
        model = NMF(3, random_state=0)
        W = model.fit_transform(da.from_array(X, chunks=(rows, -1)))
        assert_same_bits(model, NMF(3, random_state=0).fit(X))
        np.testing.assert_array_equal(W.compute(), model.transform(X))

    @pytest.mark.parametrize("rows", [700, 30_011], ids=str)
    def test_other_chunks_agree_to_rounding(self, rows):
        X = make()
        fits = [NMF(3, random_state=0).fit(da.from_array(X, chunks=(rows, -1))) for _ in range(2)]
        assert_same_bits(*fits)
        expected = NMF(3, random_state=0).fit(X)
        assert np.all(np.diff(fits[0].loss_history_) <= 0)
        np.testing.assert_allclose(fits[0].loss_history_, expected.loss_history_, rtol=1e-5)
        np.testing.assert_allclose(fits[0].components_, expected.components_, atol=1e-3)

    def test_lazy_float64_of_another_layout(self):
        X = make().astype(np.float64)
        D = da.from_array(np.asfortranarray(X), chunks=(BLOCK, 2)).rechunk((BLOCK, -1)) * 1e-12
        assert_same_bits(NMF(3, random_state=0).fit(D), NMF(3, random_state=0).fit(X * 1e-12))

    def test_no_larger_than_a_sample(self):
        X = make((500, 40))
        model = NMF(4, random_state=0)
        W = model.fit_transform(da.from_array(X, chunks=(100, -1)))
        assert_same_bits(model, NMF(4, random_state=0).fit(X))
        assert isinstance(W, da.Array)


class TestBadInput:
    @pytest.mark.parametrize(
        ("X", "words"),
        [
            (da.ones((40, 6), chunks=(10, 3)), r"split along its columns, into 2 chunks.*X\.rechunk"),
            (da.ones((40, 6), chunks=(10, 6))[da.ones(40, chunks=10) > 0], r"unknown sizes.*compute_chunk_sizes\(\)"),
            (da.ones((0, 6), chunks=(1, 6)), r"Found array with 0 sample\(s\)"),
            (da.ones((6, 0), chunks=(1, 1)), r"Found array with 0 feature\(s\)"),
            (da.ones(40, chunks=10), r"Expected 2D array as X, got shape \(40,\)"),
            (da.ones((40, 6), dtype=complex), "Complex data not supported: X has dtype complex128"),
            (da.from_array(np.full((40, 6), "a")), "X must hold real numbers, got dtype <U1"),
            (da.ones((40, 6), chunks=(10, 6)).map_blocks(sp.csr_matrix), "chunks of csr_matrix, not of numpy arrays"),
        ],
    )
    def test_what_is_no_matrix_by_rows(self, X, words):
        with pytest.raises(ValueError, match=words):
            NMF(2).fit(X)
        with pytest.raises(ValueError, match=words):
            NMF(2, random_state=0).fit(make((300, 6))).transform(X)

    def test_smoothness(self):
        with pytest.raises(ValueError, match=r"^smoothness_W=0.1 is not handled for a dask.array"):
            NMF(2, smoothness_W=0.1, grid_shape=(200, 200)).fit(da.from_array(make(), chunks=(BLOCK, -1)))

    def test_out(self):
        X = make((300, 6))
        with pytest.raises(ValueError, match="out is not for dask.array"):
            NMF(2, random_state=0).fit(X).transform(da.from_array(X), out=np.empty((300, 2)))
