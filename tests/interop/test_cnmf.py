"""cNMF, on `non_negative_factorization` and by its own pattern of calls."""

from __future__ import annotations

import numpy as np
import pytest

from nmfcore import non_negative_factorization

N_CELLS, N_GENES, K = 90, 60, 3


@pytest.fixture
def programs() -> np.ndarray:
    """Programs of twenty genes each, (3, n_genes)."""
    return np.kron(np.eye(K), np.random.default_rng(1).uniform(0.5, 2.0, N_GENES // K)) + 0.02


@pytest.fixture
def counts(programs) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.poisson(15 * rng.dirichlet(np.full(K, 0.5), N_CELLS) @ programs).astype(np.float64)


def cosines(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Return for each true row its best cosine with a row found."""
    found = found / np.linalg.norm(found, axis=1, keepdims=True)
    true = true / np.linalg.norm(true, axis=1, keepdims=True)
    return (true @ found.T).max(axis=1)


@pytest.mark.parametrize("beta_loss", ["frobenius", "kullback-leibler"])
def test_the_calls_it_makes(counts, programs, beta_loss):
    options = {"alpha_W": 0.0, "alpha_H": 0.0, "l1_ratio": 0.0, "beta_loss": beta_loss, "tol": 1e-4, "init": "random"}
    options |= {"max_iter": 1000, "solver": "cd" if beta_loss == "frobenius" else "mu"}
    X = counts / counts.std(axis=0, ddof=1)
    runs = [non_negative_factorization(X, n_components=K, random_state=seed, **options) for seed in range(3)]
    for W, H, n_iter in runs:
        assert W.shape == (N_CELLS, K)
        assert H.shape == (K, N_GENES)
        assert n_iter <= 1000
    spectra = np.concatenate([H for _, H, _ in runs])
    assert cosines(spectra, programs / counts.std(axis=0, ddof=1)).min() > 0.95
    # The usages at consensus spectra, and the spectra at these usages, transposed.
    H = runs[0][1]
    W, same, _ = non_negative_factorization(X, n_components=K, H=H, update_H=False, **options)
    assert np.array_equal(same, H)
    back, _, _ = non_negative_factorization(counts.T, n_components=K, H=W.T.copy(), update_H=False, **options)
    assert back.shape == (N_GENES, K)
    assert cosines(back.T, programs).min() > 0.95


# Its libraries warn of each other's deprecations.
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("beta_loss", ["frobenius", "kullback-leibler"])
def test_a_whole_analysis(counts, programs, beta_loss, tmp_path, monkeypatch):
    cnmf = pytest.importorskip("cnmf", reason="cNMF is not installed: make test-interop installs it")
    pandas = pytest.importorskip("pandas")
    calls = []

    def ours(X, **options):
        calls.append(options)
        return non_negative_factorization(X, **options)

    monkeypatch.setattr("cnmf.cnmf.non_negative_factorization", ours)
    cells = [f"cell{number}" for number in range(N_CELLS)]
    genes = [f"gene{number}" for number in range(N_GENES)]
    table = tmp_path / "counts.txt"
    pandas.DataFrame(counts, index=cells, columns=genes).to_csv(table, sep="\t")
    analysis = cnmf.cNMF(output_dir=str(tmp_path), name="run")
    analysis.prepare(str(table), components=[K], n_iter=5, seed=1, num_highvar_genes=N_GENES, beta_loss=beta_loss)
    analysis.factorize(worker_i=0, total_workers=1)
    analysis.combine()
    analysis.consensus(k=K, density_threshold=2.0, show_clustering=False, build_ref=False)
    usage, _, spectra, _ = analysis.load_results(K=K, density_threshold=2.0)
    assert len(calls) > 5
    assert {call["beta_loss"] for call in calls} == {beta_loss}
    assert any(call.get("update_H") is False for call in calls)
    assert usage.shape == (N_CELLS, K)
    assert cosines(spectra.to_numpy().T, programs / programs.sum(axis=0)).shape == (K,)
    assert cosines(spectra.loc[genes].to_numpy().T, programs).min() > 0.9
