"""`NMF` for X larger than memory: H learnt from blocks of rows, and weights written block by block."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from nmfcore.factorization import (
    Result,
    check_limits,
    count_components,
    factorize,
    prepare_H,
    run_best,
    solve_weights,
    warn_of_ignored_start,
    warn_of_max_iter,
    warn_of_one_sided,
)
from nmfcore.init import INITS
from nmfcore.iterate import Limits, Lowest, Trace, iterate
from nmfcore.objectives import translate_penalties
from nmfcore.penalties import Penalties
from nmfcore.problem import beta_of, choose_scale
from nmfcore.row_blocks import ArrayBlocks, RowBlocks, check_kind
from nmfcore.solvers import tall
from nmfcore.solvers.by_blocks import GramDescent, TallDescent
from nmfcore.solvers.row_pass import FEW_FEATURES, block_length
from nmfcore.stopping import Reason
from nmfcore.validation import check_choice, check_factor, check_integer

__all__ = ["as_blocks", "check_out", "find_unhandled", "learn", "weights"]

_SAMPLE_BYTES = 1 << 26
# A memory map of no more is an array: less than the libraries take themselves.
_SMALL_BYTES = 1 << 27


def as_blocks(X: Any) -> RowBlocks | None:
    """Return X as blocks of rows if it is a memory map, a dask.array or sliced like an array.

    None if it is in memory, or a memory map so small that it may be.

    Raises
    ------
    ValueError
        If it is no matrix of real numbers, or a dask.array whose chunks do not hold whole rows.
    """
    if type(X).__module__.split(".")[:2] == ["dask", "array"]:
        from nmfcore.dask_blocks import DaskBlocks

        return DaskBlocks(X)
    if not isinstance(X, np.memmap) and not _is_sliceable(X):
        return None
    if isinstance(X, np.memmap) and X.nbytes <= _SMALL_BYTES:
        return None
    check_kind(X.shape, X.dtype)
    return ArrayBlocks(X, block_length(int(X.shape[1])))


def _is_sliceable(X: Any) -> bool:
    """Whether X is no array in memory, and yet has rows: HDF5, zarr, and their like."""
    # Tables and tensors are in memory, and know better themselves how to become an array.
    if isinstance(X, np.ndarray | np.generic) or any(
        hasattr(X, name) for name in ("__dlpack__", "__dataframe__", "__array_ufunc__", "iloc", "nnz")
    ):
        return False
    return (
        isinstance(getattr(X, "dtype", None), np.dtype)
        and isinstance(getattr(X, "shape", None), tuple)
        and hasattr(X, "__getitem__")
    )


def find_unhandled(model: Any, **arguments: Any) -> str | None:
    """Return the first parameter of an NMF, or argument of its fit, that blocks of rows are not handled with."""
    given = {
        "solver": model.solver != "cd",
        "beta_loss": beta_of(model.beta_loss) != 2.0,
        "smoothness_W": model.smoothness_W != 0,
        "orthogonality_H": model.orthogonality_H != 0,
        "penalties": len(model.penalties) > 0,
        "sum_to_one": model.sum_to_one,
        "missing": model.missing != "error",
        "fixed_components": model.fixed_components is not None,
    }
    for name, is_given in given.items():
        if is_given:
            return f"{name}={getattr(model, name)!r}"
    return next((name for name, value in arguments.items() if value is not None), None)


def learn(
    blocks: RowBlocks,
    n_components: Any,
    *,
    H: Any,
    init: str | None,
    alpha_W: float,
    alpha_H: float | str,
    l1_ratio: float,
    tol: float,
    max_iter: int,
    time_limit: float | None,
    n_restarts: int,
    callback: Any,
    random_state: Any,
    verbose: int,
) -> Result:
    """Return what `factorize` would for the Frobenius loss with L1 and L2, save that W has no rows.

    For tall X the iterates are those of `factorize`. For other shapes H starts from a factorization of a sample, and
    is lowered by `GramDescent`. X that is no larger than the sample is factorised in memory.

    H : ndarray of shape (k, n) or None
        Start for ``init="custom"``, which needs no W.
    """
    check_choice(init, "init", (None, *INITS, "custom"))
    limits = check_limits(tol, max_iter, time_limit, callback, verbose)
    strengths = translate_penalties(blocks.shape, alpha_W, alpha_H, l1_ratio)
    warn_of_one_sided(alpha_W, alpha_H)
    warn_of_ignored_start(init, None, H)
    runs = check_integer(n_restarts, "n_restarts", 1)
    k = count_components(n_components, None, H if init == "custom" else None, blocks)
    given = check_factor(H, (k, blocks.shape[1]), "H", blocks) if init == "custom" else None
    regularisation = {"alpha_W": alpha_W, "alpha_H": alpha_H, "l1_ratio": l1_ratio}
    rng = check_random_state(random_state)
    plan = _Plan(blocks.shape, k, init, given, regularisation, strengths, limits, _sample_size(blocks))
    if blocks.shape[0] <= plan.sample_size:
        return _learn_in_memory(blocks.all_rows(), plan, rng, runs)
    largest, square = blocks.survey(_index_of_samples(plan, rng))
    if largest == 0.0:
        zero = np.zeros((k, blocks.shape[1]), blocks.dtype)
        return Result(zero[:0].reshape(0, k), zero, np.zeros(2), 0.0, 0.0, 1, True, Reason.SOLVED.value)
    scale = choose_scale(largest, strengths, blocks.dtype)
    gain, root = scale**2, blocks.dtype.type(np.sqrt(scale))
    reference = 0.5 * square * gain
    penalties = strengths.scaled(scale, 2.0)
    scaled = blocks.scaled(scale)
    trace = run_best(
        lambda init: _run(scaled, replace(plan, init=init), penalties, reference, scale, rng),
        plan.init,
        limits,
        runs if given is None else 1,
    )
    if trace.reason is Reason.MAX_ITER and tol > 0:
        warn_of_max_iter(max_iter)
    return Result(
        trace.W,
        trace.H / root,
        trace.loss_history / gain,
        float(np.sqrt(2.0 * trace.distance / gain)),
        trace.residual / reference,
        trace.n_iter,
        trace.reason.converged,
        trace.reason.value,
    )


def weights(blocks: RowBlocks, H: NDArray[Any], out: Any, **settings: Any) -> Any:
    """Return W (m, k) solved for H (k, n), in ``out`` where given; settings are those of `solve_weights`."""
    if out is not None:
        check_out(out, (blocks.shape[0], len(H)))
    return blocks.weights(_solve_block, len(H), out, H, settings)


def check_out(out: Any, shape: tuple[int, int]) -> None:
    """Check that weights of a shape can be written into ``out``.

    Raises
    ------
    ValueError
        If it is of another shape, or not of floating-point numbers.
    """
    found = getattr(out, "shape", None)
    if found != shape or not hasattr(out, "__setitem__"):
        raise ValueError(f"out must be an array of shape {shape} to write W into, got {found or type(out).__name__}.")
    if np.dtype(out.dtype).kind != "f":
        raise ValueError(f"out must hold floating-point numbers, got dtype {out.dtype}.")


@dataclass(frozen=True)
class _Plan:
    """What is asked for, checked."""

    shape: tuple[int, int]
    k: int
    init: str | None
    H: NDArray[Any] | None
    regularisation: dict[str, Any]
    penalties: Penalties
    limits: Limits
    sample_size: int

    @property
    def is_tall(self) -> bool:
        return self.shape[1] <= FEW_FEATURES and tall.is_tall(self.shape, self.k)


def _solve_block(rows: NDArray, first: int, H: NDArray, settings: dict[str, Any]) -> NDArray:
    return solve_weights(rows, H, first_row=first, **settings)


def _sample_size(blocks: RowBlocks) -> int:
    return max(1, min(tall.SAMPLE, _SAMPLE_BYTES // (blocks.shape[1] * blocks.dtype.itemsize)))


def _index_of_samples(plan: _Plan, rng: np.random.RandomState) -> NDArray[np.intp]:
    """Return all rows that the first run will draw, so that one pass finds them; from a copy of the generator."""
    ahead = np.random.RandomState()
    ahead.set_state(rng.get_state())
    m = plan.shape[0]
    if plan.H is not None:
        drawn = [tall.sample_index(m, plan.sample_size, ahead)]
    elif plan.is_tall:
        # A random init draws in between, and then other rows are needed: they cost a pass.
        sizes = (tall.FIRST_SAMPLE, tall.FIRST_SAMPLE, plan.sample_size, plan.sample_size)
        drawn = [tall.sample_index(m, size, ahead) for size in sizes]
    else:
        drawn = [tall.sample_index(m, plan.sample_size, ahead)]
        _draw_seed(ahead)
        drawn.append(tall.sample_index(m, plan.sample_size, ahead))
    return np.unique(np.concatenate(drawn))


def _draw_seed(rng: np.random.RandomState) -> int:
    return int(rng.randint(2**31 - 1))


def _run(
    blocks: RowBlocks, plan: _Plan, penalties: Penalties, reference: float, scale: float, rng: np.random.RandomState
) -> Trace:
    root = blocks.dtype.type(np.sqrt(scale))
    if plan.H is not None:
        H = plan.H * root
    elif plan.is_tall:
        H = prepare_H(blocks.T, plan.k, plan.init or "nndsvda", penalties, rng, plan.limits.tol)
    else:
        H = _factorise_sample(blocks, plan, scale, rng) * root
    make = TallDescent if plan.is_tall else GramDescent
    tol, size = plan.limits.tol, plan.sample_size
    state = make(blocks.T, H, penalties, rng, reference=reference, tol=tol, sample_size=size)
    return iterate(
        state,
        # Only H = 0 is not measured already.
        Lowest(lambda W, H: (reference + penalties.value(W, H), reference), reference),
        start=state.loss,
        reference=reference,
        may_vanish=not penalties.none,
        scale=scale,
        gain=scale**2,
        limits=plan.limits,
    )


def _factorise_sample(blocks: RowBlocks, plan: _Plan, scale: float, rng: np.random.RandomState) -> NDArray:
    sample = blocks.gather(tall.sample_index(plan.shape[0], plan.sample_size, rng)) / blocks.dtype.type(scale)
    limits = replace(plan.limits, callback=None, verbose=0)
    return _factorise(sample, plan, limits, 1, _draw_seed(rng)).H


def _learn_in_memory(X: NDArray, plan: _Plan, rng: np.random.RandomState, runs: int) -> Result:
    result = _factorise(X, plan, plan.limits, runs, rng)
    if result.reason == Reason.MAX_ITER.value and plan.limits.tol > 0:
        warn_of_max_iter(plan.limits.max_iter)
    return replace(result, W=result.W[:0])


def _factorise(X: NDArray, plan: _Plan, limits: Limits, runs: int, random_state: Any) -> Result:
    W = None
    if plan.H is not None:
        settings = {name: plan.regularisation[name] for name in ("alpha_W", "l1_ratio")}
        W = np.maximum(solve_weights(X, plan.H, **settings), np.finfo(X.dtype).tiny)
    with warnings.catch_warnings():
        # Said already, or of the sample alone.
        warnings.simplefilter("ignore", UserWarning)
        return factorize(
            X,
            plan.k,
            W=W,
            H=plan.H,
            init=plan.init,
            tol=limits.tol,
            max_iter=limits.max_iter,
            time_limit=limits.seconds_left,
            n_restarts=runs,
            callback=limits.callback,
            random_state=random_state,
            verbose=limits.verbose,
            **plan.regularisation,
        )
