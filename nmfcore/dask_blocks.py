"""X as the chunks of a dask.array: a pass is one task for each chunk, run by whichever scheduler is active."""

from __future__ import annotations

from typing import Any

import numpy as np
from dask.base import compute
from dask.delayed import delayed
from numpy.typing import NDArray

from nmfcore.row_blocks import RowBlocks, Work, call_on, check_kind, working_dtype

__all__ = ["DaskBlocks"]

_FAN_IN = 16


class DaskBlocks(RowBlocks):
    """The rows of a dask.array whose chunks hold whole rows.

    Parameters
    ----------
    X : dask.array.Array of shape (m, n)
        Dense; its chunks may be of any number of rows.

    Raises
    ------
    ValueError
        If it is no matrix of real numbers, the sizes of its chunks are unknown, or they split the columns.
    """

    def __init__(self, X: Any) -> None:
        if X.ndim == 2 and np.isnan([size for sizes in X.chunks for size in sizes]).any():
            raise ValueError(
                f"X has chunks of unknown sizes, its shape is {X.shape}: call X.compute_chunk_sizes() first."
            )
        check_kind(X.shape, X.dtype)
        if not isinstance(X._meta, np.ndarray):
            raise ValueError(f"X has chunks of {type(X._meta).__name__}, not of numpy arrays: convert them first.")
        if X.numblocks[1] > 1:
            raise ValueError(
                f"X is split along its columns, into {X.numblocks[1]} chunks: a chunk must hold whole rows, as after "
                "X.rechunk({0: 'auto', 1: -1})."
            )
        super().__init__(X.shape, working_dtype(X.dtype))
        self._X = X

    def collect(self, function: Work, *arguments: Any) -> list[Any]:
        """Compute one task for each chunk."""
        return list(compute(*self._tasks(function, arguments)))

    def add(self, function: Work, *arguments: Any) -> NDArray[np.float64]:
        """Add up on the workers, so that one sum comes back."""
        parts = self._tasks(function, arguments)
        while len(parts) > 1:
            parts = [delayed(sum)(parts[i : i + _FAN_IN]) for i in range(0, len(parts), _FAN_IN)]
        return compute(parts[0])[0]

    def weights(self, function: Work, k: int, out: Any, *arguments: Any) -> Any:
        """Return a dask.array (m, k) chunked like X, still to be computed."""
        if out is not None:
            raise ValueError("out is not for dask.array: store what is returned, with W.to_zarr or dask.array.store.")
        return self._X.map_blocks(
            _on_chunk,
            function=function,
            shape=(0, k),
            arguments=(self.dtype, self.scale, *arguments),
            dtype=self.dtype,
            chunks=(self._X.chunks[0], (k,)),
            meta=np.empty((0, 0), self.dtype),
        )

    def _tasks(self, function: Work, arguments: tuple[Any, ...]) -> list[Any]:
        # Once for all tasks, not once in each.
        shared = [delayed(argument) for argument in arguments]
        sizes = self._X.chunks[0]
        firsts = np.concatenate([[0], np.cumsum(sizes)])
        chunks = self._X.to_delayed()[:, 0]
        work = delayed(call_on, pure=False)
        return [
            work(function, chunk, int(first), self.dtype, self.scale, *shared)
            for chunk, first, size in zip(chunks, firsts, sizes, strict=False)
            if size
        ]


def _on_chunk(
    block: NDArray, *, function: Work, shape: tuple[int, int], arguments: tuple[Any, ...], block_info: Any = None
) -> NDArray:
    if not len(block):
        return np.empty(shape, arguments[0])
    return call_on(function, block, block_info[0]["array-location"][0][0], *arguments)
