"""The image as a sum of columns on a smooth background, and its derivatives."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import bsr_array, csc_array, csr_array, kron

from segment.records import ColumnShape

# A column is drawn, and its equations hold, as far as so many standard deviations; its tails as far as their own.
REACH = 3.5
TAIL_WIDTH = 2.0
LARGEST_TAILS = 0.45
# Of log sigma and of the tails, at a time.
LARGEST_STEP = 0.2
# Rows that are drawn at a time: few columns reach into a block.
BLOCK = 64


@dataclass(frozen=True)
class JointModel:
    """Columns of one shape on a background that is bilinear between the nodes of a coarse grid.

    Attributes
    ----------
    y, x, amplitude : ndarray of float64, shape (n,)
    nodes : ndarray of float64, shape (p, q)
        Background at the nodes, the first and the last of which are on the edges of the image.
    shape : ColumnShape
    image_shape : tuple of int
    """

    y: NDArray[np.float64]
    x: NDArray[np.float64]
    amplitude: NDArray[np.float64]
    nodes: NDArray[np.float64]
    shape: ColumnShape
    image_shape: tuple[int, int]

    def background(self) -> NDArray[np.float64]:
        """Return the background, shape (h, w)."""
        down, across = (hats(n, m) for n, m in zip(self.image_shape, self.nodes.shape, strict=True))
        return down @ self.nodes @ across.T

    def expected(self) -> NDArray[np.float64]:
        """Return the grey levels that the model expects, shape (h, w)."""
        return self.background() + sum(part * self._drawn(width)[0] for part, width in self._parts())

    def shape_derivatives(self) -> NDArray[np.float64]:
        """Return the derivatives by log sigma and by tails, shape (2, h * w)."""
        (core, sigma), (tails, wide) = self._parts()
        (core_value, core_slope), (tail_value, tail_slope) = (self._drawn(w, with_slope=True) for w in (sigma, wide))
        return np.stack([(core * core_slope + tails * tail_slope).ravel(), (tail_value - core_value).ravel()])

    def jacobian(self) -> tuple[bsr_array, csr_array]:
        """Return the derivatives by y, x and amplitude of each column, and by each node.

        Returns
        -------
        bsr_array, shape (h * w, 3 n)
            In blocks of (1, 3).
        csr_array, shape (h * w, p q)
        """
        n, reach = self.y.size, math.ceil(REACH * self.shape.sigma_px)
        offset = np.arange(-reach, reach + 1)
        rows, columns = np.rint(self.y).astype(int)[:, None] + offset, np.rint(self.x).astype(int)[:, None] + offset
        dy, dx = rows - self.y[:, None], columns - self.x[:, None]
        height, width = self.image_shape
        entries = np.zeros((n, offset.size, offset.size, 3))
        for part, spread in self._parts():
            down, across = part * np.exp(-(dy**2) / (2 * spread**2)), np.exp(-(dx**2) / (2 * spread**2))
            scale = self.amplitude[:, None] / spread**2
            entries[..., 0] += (scale * dy * down)[:, :, None] * across[:, None, :]
            entries[..., 1] += down[:, :, None] * (scale * dx * across)[:, None, :]
            entries[..., 2] += down[:, :, None] * across[:, None, :]
        pixel = rows[:, :, None] * width + columns[:, None, :]
        is_outside = ((rows < 0) | (rows >= height))[:, :, None] | ((columns < 0) | (columns >= width))[:, None, :]
        # By columns is how they are made, by pixels is how they are stored: what is outside comes last, and is cut off.
        n_pixels, count = height * width, pixel.size
        pixel[is_outside] = n_pixels
        order = csc_array(
            (np.arange(count), pixel.ravel(), np.arange(0, count + 1, offset.size**2)), shape=(n_pixels + 1, n)
        ).tocsr()
        bounds = order.indptr[:-1]
        kept = slice(0, int(bounds[-1]))
        blocks = entries.reshape(-1, 1, 3)[order.data[kept]]
        local = bsr_array((blocks, order.indices[kept], bounds), shape=(n_pixels, 3 * n))
        grids = [csr_array(hats(m, k)) for m, k in zip(self.image_shape, self.nodes.shape, strict=True)]
        return local, csr_array(kron(grids[0], grids[1], format="csr"))

    def limited(self, shape_step: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the part of a step of the shape, (log sigma, tails), that keeps it sensible."""
        log_sigma, tails = np.clip(shape_step, -LARGEST_STEP, LARGEST_STEP)
        return np.array([log_sigma, np.clip(tails, -self.shape.tails, LARGEST_TAILS - self.shape.tails)])

    def moved(self, step: NDArray[np.float64], shape_step: NDArray[np.float64]) -> JointModel:
        """Return the model after a step of all parameters; no column goes further than half its width."""
        n = self.y.size
        local = step[: 3 * n].reshape(n, 3)
        most = self.shape.sigma_px / 2
        length = np.linalg.norm(local[:, :2], axis=1, keepdims=True)
        path = local[:, :2] * (most / np.maximum(length, most))
        log_sigma, tails = shape_step
        shape = ColumnShape(self.shape.sigma_px * math.exp(log_sigma), self.shape.tails + float(tails))
        return replace(
            self,
            y=np.clip(self.y + path[:, 0], -1.0, self.image_shape[0]),
            x=np.clip(self.x + path[:, 1], -1.0, self.image_shape[1]),
            amplitude=self.amplitude + local[:, 2],
            nodes=self.nodes + step[3 * n :].reshape(self.nodes.shape),
            shape=shape,
        )

    def _parts(self) -> tuple[tuple[float, float], tuple[float, float]]:
        tails, sigma = self.shape.tails, self.shape.sigma_px
        return (1 - tails, sigma), (tails, sigma * TAIL_WIDTH)

    def _drawn(self, width: float, with_slope: bool = False) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Draw all columns as Gaussians of one width, as far as 4 widths, and their derivative by its logarithm."""
        value, slope = np.zeros(self.image_shape), np.zeros(self.image_shape if with_slope else 0)
        columns = np.arange(self.image_shape[1])
        for first in range(0, self.image_shape[0], BLOCK):
            rows = np.arange(first, min(first + BLOCK, self.image_shape[0]))
            near = np.flatnonzero((self.y > rows[0] - 4 * width) & (self.y < rows[-1] + 4 * width))
            v = ((rows[:, None] - self.y[near]) / width) ** 2
            u = ((columns - self.x[near, None]) / width) ** 2
            down = self.amplitude[near] * np.exp(-np.minimum(v, 80.0) / 2)
            across = np.exp(-np.minimum(u, 80.0) / 2)
            value[rows] = down @ across
            if with_slope:
                slope[rows] = (down * v) @ across + down @ (across * u)
        return value, slope


def hats(n_pixels: int, n_nodes: int) -> NDArray[np.float64]:
    """Return the weight of each node at each pixel, shape (n_pixels, n_nodes); all 1 for a single node."""
    place = np.linspace(0, n_nodes - 1, n_pixels)[:, None]
    return np.maximum(0.0, 1 - np.abs(place - np.arange(n_nodes)))
