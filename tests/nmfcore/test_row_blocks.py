"""X that is not in memory: the same factors as in memory, whatever is read from, and however much at a time."""

from __future__ import annotations

import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from nmfcore import NMF, get_num_threads, objective, out_of_core, row_blocks, set_num_threads
from tests.nmfcore.data import make_data

TALL = (40_000, 6)
GENERAL = (6_000, 40)


class Sliced:
    """What HDF5 and zarr have in common: a shape, a dtype, chunks, and rows to ask for."""

    def __init__(self, X, chunks=None):
        self._X, self.shape, self.dtype, self.chunks = X, X.shape, X.dtype, chunks
        self.most_rows = 0

    def __getitem__(self, key):
        assert isinstance(key, slice)
        rows = self._X[key]
        self.most_rows = max(self.most_rows, len(rows))
        return rows


def mapped(X, folder, order="C", mode="r"):
    np.save(folder / "X.npy", X if order == "C" else np.ascontiguousarray(X.T))
    Y = np.load(folder / "X.npy", mmap_mode=mode)
    return Y if order == "C" else Y.T


SOURCES = {
    "map": mapped,
    "map of columns": lambda X, folder: mapped(X, folder, "F"),
    "private map": lambda X, folder: mapped(X, folder, mode="c"),
    "writeable map": lambda X, folder: mapped(X, folder, mode="r+"),
    "other endian": lambda X, folder: mapped(X.astype(X.dtype.newbyteorder()), folder),
    "sliced": lambda X, folder: Sliced(X),
    "sliced in chunks": lambda X, folder: Sliced(X, (3_000, 2)),
    "sliced read-only": lambda X, folder: Sliced(np.broadcast_to(X[None], (1, *X.shape))[0]),
}


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(row_blocks, "_BYTES", 1 << 19)
    monkeypatch.setattr(out_of_core, "_SMALL_BYTES", 0)


@pytest.fixture
def threads():
    before = get_num_threads()
    yield set_num_threads
    set_num_threads(before)


@pytest.fixture
def small_sample(monkeypatch):
    """Let 1,600 rows of `GENERAL` be larger than memory."""
    monkeypatch.setattr(out_of_core, "_SAMPLE_BYTES", 1 << 18)
    monkeypatch.setattr(row_blocks, "_BYTES", 1 << 18)


def make(shape, dtype=np.float32, k=3):
    rng = np.random.default_rng(0)
    X = rng.random((shape[0], k)) ** 3 @ rng.random((k, shape[1])) ** 2 + 0.05 * rng.random(shape)
    return X.astype(dtype)


def assert_same_bits(one, other):
    """Of the same factors in the same iterations; the last objective is summed again, in other blocks."""
    np.testing.assert_array_equal(one.components_, other.components_)
    # What ends a run is summed over other blocks, and stands for every value before it that rounding put below it.
    before = [model.loss_history_[model.loss_history_ > model.loss_history_[-1]] for model in (one, other)]
    np.testing.assert_array_equal(*before)
    np.testing.assert_allclose(one.loss_history_, other.loss_history_, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("source", SOURCES)
def test_tall_has_the_bits_of_memory(source, dtype, tmp_path):
    X = make(TALL, dtype)
    Y = SOURCES[source](X, tmp_path)
    if source == "other endian":
        # Anything but float32 of this machine is computed in float64, in memory too.
        X = X.astype(np.float64)
    expected = NMF(3, random_state=0).fit(X)
    model = NMF(3, random_state=0)
    W = model.fit_transform(Y)
    assert_same_bits(model, expected)
    assert type(W) is np.ndarray
    np.testing.assert_array_equal(W, expected.transform(X))
    np.testing.assert_array_equal(expected.transform(Y), W)
    assert model.n_features_in_ == X.shape[1]
    assert model.reconstruction_err_ == expected.reconstruction_err_
    assert model.kkt_ == pytest.approx(expected.kkt_)


@pytest.mark.parametrize(
    "parameters",
    [
        {"alpha_W": 1e-3, "l1_ratio": 0.5},
        {"init": "random"},
        {"n_restarts": 2},
        {"random_state": np.random.RandomState},
        {"n_components": 5, "tol": 0, "max_iter": 3},
    ],
    ids=str,
)
@pytest.mark.parametrize("scale", [1.0, 1e-12, 1e12])
def test_tall_with_parameters(parameters, scale, tmp_path):
    X = make(TALL) * np.float32(scale)
    models = []
    for Y in (X, Sliced(X)):
        state = np.random.RandomState(3) if "random_state" in parameters else 0
        models.append(NMF(**{"n_components": 3, **parameters, "random_state": state}).fit(Y))
    assert_same_bits(*models)


def test_integers_are_computed_in_float64():
    X = (make(TALL) * 1000).astype(np.uint16)
    assert_same_bits(NMF(3, random_state=0).fit(Sliced(X)), NMF(3, random_state=0).fit(X))


@pytest.mark.usefixtures("small_sample")
@pytest.mark.parametrize("parameters", [{}, {"alpha_W": 1e-3, "l1_ratio": 0.5}], ids=str)
def test_any_shape_comes_to_the_loss_of_memory(parameters):
    X = make(GENERAL, k=9)
    fit = {"n_components": 9, "random_state": 0, **parameters}
    expected = NMF(**fit).fit(X)
    Y = Sliced(X)
    model = NMF(**fit).fit(Y)
    assert Y.most_rows < 0.3 * len(X)
    assert np.all(np.diff(model.loss_history_) < 0)
    assert model.loss_history_[-1] <= expected.loss_history_[-1]
    value = objective(X, model.transform(Sliced(X)), model.components_, **parameters)
    assert model.loss_history_[-1] == pytest.approx(value, rel=1e-5)
    assert model.kkt_ < 1e-3


def test_a_sample_of_fewer_rows_than_columns_is_not_followed_far(monkeypatch):
    monkeypatch.setattr(out_of_core, "_SAMPLE_BYTES", 1 << 19)
    rng = np.random.default_rng(0)
    X = rng.random((2_000, 5)) ** 3 @ rng.random((5, 500)) ** 2 + 0.3 * rng.random((2_000, 500))
    X = X.astype(np.float32)
    model = NMF(5, random_state=0).fit(Sliced(X))
    assert model.n_iter_ < 12
    # Both end by tol, 1e-4, short of the minimum: neither bounds the other closer.
    assert model.loss_history_[-1] <= (1 + 1e-4) * NMF(5, random_state=0).fit(X).loss_history_[-1]


@pytest.mark.usefixtures("small_sample")
def test_any_shape_does_not_depend_on_threads_or_much_on_blocks(threads, monkeypatch):
    X = make(GENERAL, np.float64, k=9)
    fits = []
    for number in (1, 2):
        threads(number)
        fits.append(NMF(9, random_state=0).fit(Sliced(X)))
    assert_same_bits(*fits)
    monkeypatch.setattr(row_blocks, "_BYTES", 1 << 20)
    other = NMF(9, random_state=0).fit(Sliced(X))
    np.testing.assert_allclose(other.components_, fits[0].components_, rtol=1e-6, atol=1e-8)


def test_what_is_no_larger_than_a_sample_is_factorised_in_memory():
    X = make((500, 40))
    assert_same_bits(NMF(4, random_state=0).fit(Sliced(X)), NMF(4, random_state=0).fit(X))


@pytest.mark.parametrize("scale", [1.0, 1e12])
def test_starts_from_components(scale):
    X = make(TALL) * np.float32(scale)
    H = np.random.default_rng(1).random((3, 6)).astype(np.float32)
    penalty = {"alpha_W": 1e-2 * scale}
    model = NMF(3, init="custom", random_state=0, max_iter=1, tol=0, **penalty).fit(Sliced(X), H=H)
    start = NMF(3, random_state=0, **penalty).fit(X[:300])
    start.components_ = H
    assert model.loss_history_[0] == pytest.approx(objective(X, start.transform(X), H, **penalty), rel=1e-4)
    warm = NMF(3, warm_start=True, random_state=0).fit(Sliced(X))
    last = warm.loss_history_[-1]
    assert warm.fit(Sliced(X)).loss_history_[0] == pytest.approx(last, rel=1e-6)
    with pytest.warns(RuntimeWarning, match="init!='custom'"):
        NMF(3, random_state=0).fit(Sliced(X), H=H)


def test_callback_sees_factors():
    X = make(TALL) * np.float32(1e-12)
    seen = []
    NMF(3, random_state=0).fit(Sliced(X), callback=lambda step: seen.append((step.loss, *step.factors())))
    loss, W, H = seen[0]
    assert W.shape == (len(X), 3)
    assert loss == pytest.approx(objective(X, W, H), rel=1e-4)


def test_zeros():
    X = make(TALL)
    X[::3] = 0
    X[:, 2] = 0
    assert_same_bits(NMF(3, random_state=0).fit(Sliced(X)), NMF(3, random_state=0).fit(X))
    model = NMF(3, random_state=0).fit(Sliced(np.zeros_like(X)))
    assert not model.components_.any()
    assert not model.transform(Sliced(np.zeros_like(X))).any()
    assert model.reconstruction_err_ == 0


@pytest.mark.parametrize("l1_ratio", [0.0, 1.0])
def test_vanishes_where_penalties_ask_for_it(l1_ratio):
    X = make(TALL)
    model = NMF(3, random_state=0, alpha_W=1.0, l1_ratio=l1_ratio).fit(Sliced(X))
    assert not model.components_.any()
    assert model.reconstruction_err_ == pytest.approx(np.linalg.norm(X.astype(np.float64)))
    expected = NMF(3, random_state=0, alpha_W=1.0, l1_ratio=l1_ratio).fit(X)
    # The squares of X are summed block by block here.
    np.testing.assert_allclose(model.loss_history_, expected.loss_history_, rtol=1e-13)


def test_memory_is_bounded(tmp_path):
    X = mapped(make((600_000, 6)), tmp_path)
    W = np.lib.format.open_memmap(tmp_path / "W.npy", mode="w+", dtype=np.float32, shape=(len(X), 3))
    model = NMF(3, random_state=0).fit(X[:1000])

    def peak(work):
        tracemalloc.start()
        try:
            work()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(lambda: model.fit(np.asarray(X))) > X.nbytes
    assert peak(lambda: model.fit(X)) < 0.5 * X.nbytes
    assert peak(lambda: model.transform(X, out=W)) < 0.25 * X.nbytes
    np.testing.assert_array_equal(W, model.transform(np.asarray(X)))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_pages_of_the_map_are_given_back(tmp_path):
    X = mapped(make((300_000, 6)), tmp_path)

    def resident():
        lines = Path("/proc/self/smaps").read_text().splitlines()
        starts = [i for i, line in enumerate(lines) if line.endswith(str(tmp_path / "X.npy"))]
        sizes = (next(line for line in lines[i:] if line.startswith("Rss:")) for i in starts)
        return sum(1024 * int(size.split()[1]) for size in sizes)

    X.sum()
    assert resident() > 0.9 * X.nbytes
    NMF(3, random_state=0).fit(X)
    assert resident() < 0.1 * X.nbytes


def test_changes_of_a_private_map_stay(tmp_path):
    X = mapped(make(TALL), tmp_path, mode="c")
    X[7, 1] = 123.0
    NMF(3, random_state=0).fit(X)
    assert X[7, 1] == 123.0


def test_blocks_are_long_against_chunks_and_short_against_memory():
    def longest(chunks):
        X = Sliced(np.zeros((200_000, 6), np.float32), chunks)
        row_blocks.ArrayBlocks(X, 8192).collect(lambda rows, first: None)
        return X.most_rows

    assert longest(None) == longest((100, 6)) == 16_384
    assert longest((10_000, 3)) == 73_728
    assert longest((10_000_000, 6)) == 200_000


class TestBadInput:
    @pytest.mark.parametrize("shape", [TALL, GENERAL], ids=str)
    @pytest.mark.parametrize(("value", "words"), [(-1, "Negative values"), (np.nan, "NaN"), (np.inf, "infinity")])
    def test_names_the_row(self, shape, value, words, tmp_path):
        X = make(shape)
        model = NMF(3, random_state=0).fit(X[:300])
        row = len(X) - 700
        X[row, 4] = X[row + 100, 0] = value
        for Y in (Sliced(X), mapped(X, tmp_path)):
            for work in (NMF(3).fit, model.transform):
                with pytest.raises(ValueError, match=rf"{words}.*\({row}, 4\)"):
                    work(Y)

    @pytest.mark.parametrize(
        ("X", "words"),
        [
            (np.ones(5), r"Expected 2D array as X, got shape \(5,\)"),
            (np.ones((2, 3, 4)), r"Expected 2D array as X, got shape \(2, 3, 4\)"),
            (np.ones((0, 3)), r"Found array with 0 sample\(s\)"),
            (np.ones((3, 0)), r"Found array with 0 feature\(s\)"),
            (np.ones((4, 3)) * 1j, "Complex data not supported: X has dtype complex128"),
            (np.array([["a", "b"]]), "X must hold real numbers, got dtype <U1"),
        ],
    )
    def test_no_matrix_of_numbers(self, X, words):
        with pytest.raises(ValueError, match=words):
            NMF(2).fit(Sliced(X))

    def test_slices_of_another_shape(self):
        X = Sliced(make(TALL))
        X.shape = (TALL[0], 7)
        with pytest.raises(ValueError, match=r"X\[0:\d+\] has shape \(\d+, 6\): rows of X must be 7 numbers each"):
            NMF(2).fit(X)

    @pytest.mark.parametrize(
        ("parameters", "words"),
        [
            ({"solver": "mu"}, "solver='mu'"),
            ({"beta_loss": "itakura-saito", "solver": "mu"}, "solver='mu'"),
            ({"smoothness_W": 0.1, "grid_shape": (200, 200)}, "smoothness_W=0.1"),
            ({"orthogonality_H": 0.1}, "orthogonality_H=0.1"),
            ({"missing": "mask"}, "missing='mask'"),
            ({"fixed_components": np.ones((1, 6))}, "fixed_components="),
        ],
    )
    def test_parameters_that_need_memory(self, parameters, words):
        with pytest.raises(ValueError, match=rf"^{words}.* is not handled for a .*Sliced.*np.asarray\(X\)"):
            NMF(2, **parameters).fit(Sliced(make(TALL)))

    @pytest.mark.parametrize("name", ["W", "mask", "sample_weight"])
    def test_arguments_that_need_memory(self, name):
        with pytest.raises(ValueError, match=f"^{name} is not handled"):
            NMF(2).fit(Sliced(make(TALL)), **{name: np.ones(TALL[0])})

    def test_mask_of_transform(self):
        X = make(TALL)
        model = NMF(2, random_state=0).fit(X[:300])
        with pytest.raises(ValueError, match="mask and sample_weight are not handled"):
            model.transform(Sliced(X), mask=np.ones(TALL, bool))

    def test_another_number_of_features(self):
        model = NMF(2, random_state=0).fit(make((300, 5)))
        with pytest.raises(ValueError, match="X has 6 features, but NMF is expecting 5"):
            model.transform(Sliced(make(TALL)))

    @pytest.mark.parametrize("X", [make((400, 6)), Sliced(make((400, 6)))], ids=["array", "sliced"])
    def test_out(self, X):
        model = NMF(2, random_state=0).fit(make((300, 6)))
        out = np.empty((400, 2))
        assert model.transform(X, out=out) is out
        np.testing.assert_array_equal(out, model.transform(X))
        for bad, words in ((np.empty((400, 3)), r"shape \(400, 2\).*got \(400, 3\)"), ([1], "got list")):
            with pytest.raises(ValueError, match=f"^out must be an array of {words}|{words}"):
                model.transform(X, out=bad)
        with pytest.raises(ValueError, match="out must hold floating-point numbers, got dtype int64"):
            model.transform(X, out=np.empty((400, 2), np.int64))


@pytest.mark.parametrize(
    "parameters",
    [
        {"solver": "mu", "beta_loss": "kullback-leibler"},
        {"smoothness_W": 0.1, "grid_shape": (20, 30)},
        {"fixed_components": np.ones((1, 6), np.float32)},
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore:Maximum number of iterations")
def test_a_map_is_read_into_memory_where_it_has_to_be(parameters, tmp_path):
    X = make((600, 6))
    fit = {"n_components": 3, "random_state": 0, "max_iter": 5, **parameters}
    assert_same_bits(NMF(**fit).fit(mapped(X, tmp_path)), NMF(**fit).fit(X))


@pytest.mark.usefixtures("small_sample")
@pytest.mark.parametrize("kind", ["uniform", "low rank", "sparse", "duplicated", "constant"])
@pytest.mark.parametrize("alpha", [0.0, 1e-2])
def test_never_rises(kind, alpha):
    # More columns than the fused pass is made for.
    X = make_data(kind, 3_000, 33).astype(np.float32)
    model = NMF(4, random_state=0, tol=0, max_iter=4, alpha_W=alpha, l1_ratio=0.5).fit(Sliced(X))
    assert np.all(np.diff(model.loss_history_) <= 0)
    W = model.transform(X)
    value = objective(X, W, model.components_, alpha_W=alpha, l1_ratio=0.5)
    scale = float(np.sum(X.astype(np.float64) ** 2))
    assert abs(model.loss_history_[-1] - value) <= 1e-5 * value + 1e-6 * scale
