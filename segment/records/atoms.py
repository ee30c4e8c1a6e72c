"""Atomic columns found in an image, and what is known of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ImageNoise:
    """The variance of a pixel: ``gain * signal + offset``.

    Attributes
    ----------
    gain : float
        Grey levels per count; 1 for counts.
    offset : float
        Variance without signal, in squared grey levels.
    """

    gain: float
    offset: float

    def variance(self, signal: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the variance of pixels whose expected grey level is `signal`.

        Parameters
        ----------
        signal : ndarray of float64
            Expected grey levels; what lies below 0 counts as 0.

        Returns
        -------
        ndarray of float64
            Of the same shape, never 0.
        """
        return self.gain * np.maximum(signal, 0) + self.offset


@dataclass(frozen=True)
class ImageScale:
    """What an image says about the size of its columns.

    Attributes
    ----------
    sigma_px : float
        Standard deviation of a column in pixels.
    period_px : float or None
        Length of the shortest period in pixels; None where nothing repeats.
    """

    sigma_px: float
    period_px: float | None


@dataclass(frozen=True)
class ColumnShape:
    """The profile that all columns of an image share: a Gaussian and its tails.

    Attributes
    ----------
    sigma_px : float
        Standard deviation of the core in pixels.
    tails : float
        Part of the amplitude in the tails, a Gaussian twice as wide.
    """

    sigma_px: float
    tails: float


@dataclass(frozen=True)
class Columns:
    """The columns of an image, fitted together; a row each.

    Attributes
    ----------
    y, x : ndarray of float64, shape (n,)
        Position in pixels; (0, 0) is the middle of the first pixel.
    amplitude : ndarray of float64, shape (n,)
        Height above the background, in grey levels of the image.
    y_error, x_error, amplitude_error : ndarray of float64, shape (n,)
        One standard deviation, from the covariance of the joint fit.
    significance : ndarray of float64, shape (n,)
        Amplitude over its standard deviation if there were no column.
    background : ndarray of float64, shape (n,)
        Fitted background below the column.
    is_edge : ndarray of bool, shape (n,)
        Columns that the edge of the image, or pixels without a value, cut: left out of statistics.
    shape : ColumnShape
    noise : ImageNoise
    image_shape : tuple of int
        Height and width of the image in pixels.
    misfit : float
        Mean squared residual over what the noise explains; near 1 where the model describes the image.
    threshold : float
        Significance from which a column was accepted.
    pixel_size_pm : float or None
        Edge of a pixel in picometres.
    is_known : ndarray of bool, shape (h, w), or None
        Which pixels of the image have a value; None: all.
    """

    y: NDArray[np.float64]
    x: NDArray[np.float64]
    amplitude: NDArray[np.float64]
    y_error: NDArray[np.float64]
    x_error: NDArray[np.float64]
    amplitude_error: NDArray[np.float64]
    significance: NDArray[np.float64]
    background: NDArray[np.float64]
    is_edge: NDArray[np.bool_]
    shape: ColumnShape
    noise: ImageNoise
    image_shape: tuple[int, int]
    misfit: float
    threshold: float
    pixel_size_pm: float | None = None
    is_known: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return self.y.size

    @property
    def positions(self) -> NDArray[np.float64]:
        """(y, x) of every column, shape (n, 2)."""
        return np.stack([self.y, self.x], axis=1)


@dataclass(frozen=True)
class Lattice:
    """A lattice that columns lie on.

    Attributes
    ----------
    a_px, b_px : ndarray of float64, shape (2,)
        Vectors (y, x) of the cell in pixels; the angle between them is at least 90 degrees.
    a_error, b_error : float
        One standard deviation of their lengths in pixels.
    angle_error : float
        One standard deviation of the angle in degrees.
    offsets : ndarray of float64, shape (n_sublattices, 2)
        Where each sublattice has a site, in pixels; the brightest first.
    sublattice : ndarray of intp, shape (n,)
        Sublattice of each column; -1 where it is on none.
    indices : ndarray of intp, shape (n, 2)
        Whole numbers of a and b of each column.
    empty : ndarray of float64, shape (m, 2)
        Sites without a column, (y, x) in pixels.
    empty_sublattice : ndarray of intp, shape (m,)
    residual_px : float
        How far columns are from a perfect lattice, root mean square, in pixels: strain and distortion of the scan.
    spacing_px : float
        Median distance of a column to its nearest neighbour.
    """

    a_px: NDArray[np.float64]
    b_px: NDArray[np.float64]
    a_error: float
    b_error: float
    angle_error: float
    offsets: NDArray[np.float64]
    sublattice: NDArray[np.intp]
    indices: NDArray[np.intp]
    empty: NDArray[np.float64]
    empty_sublattice: NDArray[np.intp]
    residual_px: float
    spacing_px: float

    @property
    def n_sublattices(self) -> int:
        """Number of sublattices."""
        return len(self.offsets)

    @property
    def a(self) -> float:
        """Length of a in pixels."""
        return float(np.linalg.norm(self.a_px))

    @property
    def b(self) -> float:
        """Length of b in pixels."""
        return float(np.linalg.norm(self.b_px))

    @property
    def angle_deg(self) -> float:
        """Angle between a and b in degrees."""
        return float(np.degrees(np.arccos(np.clip(self.a_px @ self.b_px / (self.a * self.b), -1, 1))))

    @property
    def area_px2(self) -> float:
        """Area of the cell in square pixels."""
        return float(abs(self.a_px[0] * self.b_px[1] - self.a_px[1] * self.b_px[0]))


@dataclass(frozen=True)
class ColumnClasses:
    """Columns compared with their neighbours on the same sublattice; a row each.

    Attributes
    ----------
    label : ndarray of str, shape (n,)
        "usual", "low", "high", or "none" for columns that were not compared.
    ratio : ndarray of float64, shape (n,)
        Amplitude over that of the neighbours; NaN where it was not compared.
    p_value : ndarray of float64, shape (n,)
        How often an ordinary column would be as far off, to either side; 1 where it was not compared.
    false_rate : float
        Largest part of "low" and "high" that may be ordinary.
    """

    label: NDArray[np.str_]
    ratio: NDArray[np.float64]
    p_value: NDArray[np.float64]
    false_rate: float


@dataclass(frozen=True)
class Neighbours:
    """A graph of points and their neighbours.

    Attributes
    ----------
    positions : ndarray of float64, shape (n, 2)
        (y, x) of each point.
    edges : ndarray of intp, shape (m, 2)
        Two points that are neighbours, the lower index first; each pair once.
    length : ndarray of float64, shape (m,)
        Distance of each pair.
    is_inner : ndarray of bool, shape (n,)
        Points all of whose neighbours are there: neither they nor those around them are on the hull.
    kind : {"delaunay", "gabriel", "nearest"}
    """

    positions: NDArray[np.float64]
    edges: NDArray[np.intp]
    length: NDArray[np.float64]
    is_inner: NDArray[np.bool_]
    kind: str

    @property
    def coordination(self) -> NDArray[np.intp]:
        """Number of neighbours of each point."""
        return np.bincount(self.edges.ravel(), minlength=len(self.positions))

    def mean_of_neighbours(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mean of `values` over the neighbours of each point; 0 for a point without any.

        Parameters
        ----------
        values : ndarray of float64, shape (n,) or (n, d)

        Returns
        -------
        ndarray of float64
            Of the same shape.
        """
        total = np.zeros(values.shape)
        np.add.at(total, self.edges[:, 0], values[self.edges[:, 1]])
        np.add.at(total, self.edges[:, 1], values[self.edges[:, 0]])
        count = np.maximum(self.coordination, 1)
        return total / count.reshape(-1, *[1] * (values.ndim - 1))


@dataclass(frozen=True)
class Order:
    """How regular neighbourhoods are; a row for each point.

    Attributes
    ----------
    coordination : ndarray of intp, shape (n,)
        Number of neighbours.
    psi_4, psi_6 : ndarray of float64, shape (n,)
        Bond-orientational order, 1 where bonds make a square or a hexagon.
    bond, bond_spread : ndarray of float64, shape (n,)
        Mean and standard deviation of the bonds, in the unit of the positions.
    hole : ndarray of float64, shape (n,)
        Radius of the largest empty circle through the point, in parts of the median bond.
    five_seven : ndarray of intp, shape (m, 2)
        Bonds of a point with five and one with seven neighbours.
    """

    coordination: NDArray[np.intp]
    psi_4: NDArray[np.float64]
    psi_6: NDArray[np.float64]
    bond: NDArray[np.float64]
    bond_spread: NDArray[np.float64]
    hole: NDArray[np.float64]
    five_seven: NDArray[np.intp]


@dataclass(frozen=True)
class Motifs:
    """Kinds of neighbourhoods.

    Attributes
    ----------
    label : ndarray of intp, shape (n,)
        Motif of each point, 0 the most frequent one.
    shares : ndarray of float64, shape (n, k)
        How much of each motif is in the neighbourhood of each point.
    parts : ndarray of float64, shape (k, 20)
        Histograms of each motif: own coordination, that of first and of second neighbours, hole; five bins each.
    sentences : tuple of str
        The same in words.
    """

    label: NDArray[np.intp]
    shares: NDArray[np.float64]
    parts: NDArray[np.float64]
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class LatticeCheck:
    """Whether the pixel size agrees with the lattice.

    Attributes
    ----------
    cell : tuple of (float, float, float) or None
        Lengths in picometres and angle in degrees that it was compared with; None: there was nothing to compare.
    ratio : float or None
        Measured over known length.
    ratio_error : float or None
        One standard deviation of it.
    distortion : float
        How much directions differ that are equal in an undistorted crystal, in parts of the shortest.
    is_wrong : bool
        The ratio is more than 5 % from 1.
    verdict : str
        The same in words.
    """

    cell: tuple[float, float, float] | None
    ratio: float | None
    ratio_error: float | None
    distortion: float
    is_wrong: bool
    verdict: str


@dataclass(frozen=True)
class PatchParts:
    """Parts of patches about columns.

    Attributes
    ----------
    label : ndarray of intp, shape (n,)
        The strongest part of each column; -1 for those too near the edge.
    parts : ndarray of float64, shape (k, p, p)
    gain : float
        Fraction of the deviance of one part that these parts explain.
    abstains : bool
        The gain is below 5 %: the columns look alike, and the labels say nothing.
    """

    label: NDArray[np.intp]
    parts: NDArray[np.float64]
    gain: float
    abstains: bool
