"""The lattice that columns lie on: cell, sublattices, and the sites that are empty."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order, connected_components
from scipy.spatial import cKDTree
from skimage.feature import peak_local_max

from segment.records import Columns, Lattice

# Statistics of fewer columns say nothing.
LEAST_COLUMNS = 20
# A column is on a site that it is nearer to than so much of the distance of neighbours.
NEAR = 0.3
# Vectors are looked for as far as so many distances of neighbours.
FAR = 6.5
# So many columns must have a partner at a vector, in parts of those that the best vector serves.
SERVED = 0.7
# Of partners so many must be in the inner half of the disc, by radius; by chance it is a quarter.
HALF_WAY = 0.5
# Amplitudes of partners may differ more than those of the best vector's partners, by so much of what any two differ.
ALIKE = 0.25
# A lattice must hold so many of the columns; a second one so many as well.
LEAST_SHARE = 0.2
# Blocks along an axis that are left out in turn for the errors of the cell.
BLOCKS = 3


def fit_lattices(columns: Columns) -> tuple[Lattice, ...]:
    """Find the lattices of the columns, the one of most columns first.

    Parameters
    ----------
    columns : Columns

    Returns
    -------
    tuple of Lattice
        Empty where there is no lattice; two where there are two grains, or a moire of two layers.

    Raises
    ------
    ValueError
        There are fewer than 20 columns.

    Notes
    -----
    A vector of the lattice leads from most columns to one of the same amplitude. The two shortest ones that the same
    columns have span the cell. Links by these vectors join columns into sublattices with indices, and one robust fit of
    all gives the cell; its errors are those of leaving out one of nine blocks of the image in turn (jackknife), so that
    a distorted scan has large ones.
    """
    if len(columns) < LEAST_COLUMNS:
        raise ValueError(f"{len(columns)} columns are too few for a lattice, at least {LEAST_COLUMNS} are needed")
    rest, found = np.ones(len(columns), dtype=bool), []
    while rest.sum() >= max(LEAST_COLUMNS, LEAST_SHARE * len(columns)) and len(found) < 2:
        lattice = _fit_one(columns, rest)
        if lattice is None:
            break
        found.append(lattice)
        rest &= lattice.sublattice < 0
    return tuple(found)


def _fit_one(columns: Columns, among: NDArray[np.bool_]) -> Lattice | None:
    places = columns.positions
    used = np.flatnonzero(among & ~columns.is_edge)
    if used.size < LEAST_COLUMNS:
        return None
    spacing = float(np.median(cKDTree(places[used]).query(places[used], k=2)[0][:, 1]))
    every = np.flatnonzero(among)
    best: tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.intp]] | None = None
    for part in _regions(places[used]):
        cell = _cell(places[used[part]], columns.amplitude[used[part]], spacing, columns.image_shape)
        if cell is None:
            continue
        index, group = _indexed(places[every], cell, NEAR * spacing)
        # A cell that is too large, or of two grains by half, links fewer columns.
        if best is None or np.bincount(group).max() > 1.1 * np.bincount(best[2]).max():
            best = cell, index, group
    if best is None:
        return None
    cell, index, group = best
    cell, origin, group, index = _joined(places[every], index, group, cell)
    kept = group >= 0
    if kept.sum() < max(LEAST_COLUMNS, LEAST_SHARE * len(columns)):
        return None
    cell, errors, residual = _cell_with_errors(places[every][kept], index[kept], group[kept], columns.image_shape)
    sublattice, indices = np.full(len(columns), -1), np.zeros((len(columns), 2), dtype=np.intp)
    sublattice[every], indices[every] = group, index
    # Brightest sublattice first.
    brightness = [np.median(columns.amplitude[sublattice == k]) for k in range(int(group.max()) + 1)]
    order = np.argsort(brightness)[::-1]
    rank = np.argsort(order)
    sublattice[sublattice >= 0] = rank[sublattice[sublattice >= 0]]
    tolerance = NEAR * spacing
    empty, empty_sublattice = _empty_sites(columns, sublattice, indices, cell, tolerance)
    return Lattice(
        a_px=cell[0],
        b_px=cell[1],
        a_error=errors[0],
        b_error=errors[1],
        angle_error=errors[2],
        offsets=origin[order],
        sublattice=sublattice,
        indices=indices,
        empty=empty,
        empty_sublattice=empty_sublattice,
        residual_px=residual,
        spacing_px=spacing,
    )


def _regions(places: NDArray[np.float64]) -> list[NDArray[np.intp]]:
    """Return all places, and those of each quadrant that holds enough: a grain fills one of them."""
    regions = [np.arange(len(places))]
    middle = (places.min(axis=0) + places.max(axis=0)) / 2
    quadrant = (places > middle) @ np.array([2, 1])
    regions += [np.flatnonzero(quadrant == number) for number in range(4)]
    return [region for region in regions if region.size >= 2 * LEAST_COLUMNS] or regions[:1]


def _partners(
    places: NDArray[np.float64], vector: NDArray[np.float64], near: float, shape: tuple[int, int]
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return the partner of each place at a vector, -1 without, and whether one could be in the image."""
    aim = places + vector
    distance, partner = cKDTree(places).query(aim)
    partner = np.where(distance <= near, partner, -1)
    margin = 2 * near
    could = np.all((aim > margin) & (aim < np.array(shape) - 1 - margin), axis=1)
    return partner, could


def _cell(
    places: NDArray[np.float64], amplitude: NDArray[np.float64], spacing: float, shape: tuple[int, int]
) -> NDArray[np.float64] | None:
    vectors = _common_vectors(places, spacing)
    if len(vectors) < 2:
        return None
    has, served, apart = [], [], []
    for vector in vectors:
        partner, could = _partners(places, vector, NEAR * spacing, shape)
        is_pair = (partner >= 0) & could
        has.append(np.where(could, partner >= 0, False))
        away = np.linalg.norm(places[partner[is_pair]] - places[is_pair] - vector, axis=1)
        # Two lattices that nearly agree on a vector do not agree on where in the disc it ends.
        is_one = bool(away.size) and float(np.mean(away < NEAR * spacing / 2)) > HALF_WAY
        served.append(is_pair.sum() / could.sum() if is_one and could.sum() >= LEAST_COLUMNS / 2 else 0.0)
        differences = np.abs(amplitude[is_pair] - amplitude[partner[is_pair]])
        apart.append(float(np.mean(differences)) if is_pair.any() else math.inf)
    served_, apart_ = np.array(served), np.array(apart)
    # Of noise, a disc of this size holds a column by chance so often.
    chance = 1 - math.exp(-math.pi * NEAR**2)
    good = (served_ >= SERVED * served_.max()) & (served_ > max(LEAST_SHARE, 1.5 * chance))
    if good.sum() < 2:
        return None
    any_two = float(np.mean(np.abs(amplitude - np.roll(amplitude, amplitude.size // 2 + 1))))
    good &= apart_ <= apart_[good].min() + ALIKE * any_two
    chosen = np.flatnonzero(good)[np.argsort(np.linalg.norm(vectors[good], axis=1), kind="stable")]
    if chosen.size < 2:
        return None
    first = chosen[0]
    for second in chosen[1:]:
        cross = abs(vectors[first][0] * vectors[second][1] - vectors[first][1] * vectors[second][0])
        lengths = np.linalg.norm(vectors[first]) * np.linalg.norm(vectors[second])
        both = np.sum(has[first] & has[second])
        if cross > 0.4 * lengths and both >= 0.5 * min(has[first].sum(), has[second].sum()):
            return _obtuse(vectors[[first, second]])
    return None


def _obtuse(cell: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the cell with an angle of at least 90 degrees, rounding aside."""
    a, b = cell
    if a @ b > 1e-3 * np.linalg.norm(a) * np.linalg.norm(b):
        b = -b
    return np.stack([a, b])


def _common_vectors(places: NDArray[np.float64], spacing: float) -> NDArray[np.float64]:
    """Return vectors of one half plane that many pairs have in common, shape (n, 2)."""
    pairs = cKDTree(places).query_pairs(FAR * spacing, output_type="ndarray")
    if len(pairs) < LEAST_COLUMNS:
        return np.empty((0, 2))
    vectors = places[pairs[:, 0]] - places[pairs[:, 1]]
    vectors = np.where((vectors[:, :1] < 0) | ((vectors[:, :1] == 0) & (vectors[:, 1:] < 0)), -vectors, vectors)
    both = np.concatenate([vectors, -vectors])
    step, reach = 0.08 * spacing, FAR * spacing + spacing
    edges = np.arange(-reach, reach + step, step)
    density = gaussian_filter(np.histogram2d(both[:, 0], both[:, 1], bins=(edges, edges))[0], 1.5)
    peaks = peak_local_max(density, min_distance=4, threshold_abs=float(density.mean()))
    middle = edges[peaks] + step / 2
    middle = middle[(middle[:, 0] > 0) | ((middle[:, 0] > -step) & (middle[:, 1] > 0))]
    tree = cKDTree(both)
    refined = []
    for vector in middle:
        for _ in range(2):
            near = tree.query_ball_point(vector, NEAR * spacing / 1.5)
            if not near:
                break
            vector = np.median(both[near], axis=0)
        refined.append(vector)
    return np.array(refined).reshape(-1, 2)


def _indexed(
    places: NDArray[np.float64], cell: NDArray[np.float64], near: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the indices of each column in its group, shape (n, 2), and its group: columns that links join."""
    n = len(places)
    tree = cKDTree(places)
    rows, columns, steps = [], [], []
    for step in ((1, 0), (0, 1), (1, 1), (1, -1)):
        aim = places + np.array(step) @ cell
        distance, partner = tree.query(aim)
        back, origin = tree.query(places[np.minimum(partner, n - 1)] - np.array(step) @ cell)
        good = np.flatnonzero((distance <= near) & (back <= near) & (origin == np.arange(n)))
        rows.append(good)
        columns.append(partner[good])
        steps.append(np.tile(step, (good.size, 1)))
    row, column, step = np.concatenate(rows), np.concatenate(columns), np.concatenate(steps)
    graph = coo_array((np.ones(row.size), (row, column)), shape=(n, n)).tocsr()
    _, group = connected_components(graph, directed=False)
    lookup = {(int(r), int(c)): s for r, c, s in zip(row, column, step, strict=True)}
    index = np.zeros((n, 2), dtype=np.intp)
    symmetric = (graph + graph.T).tocsr()
    for part in np.unique(group):
        members = np.flatnonzero(group == part)
        order, before = breadth_first_order(symmetric, int(members[0]), directed=False)
        for node in order[1:]:
            parent = int(before[node])
            forward = lookup.get((parent, int(node)))
            index[node] = index[parent] + (forward if forward is not None else -lookup[(int(node), parent)])
    return index, group


def _joined(
    places: NDArray[np.float64], index: NDArray[np.intp], group: NDArray[np.intp], cell: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp], NDArray[np.intp]]:
    """Join groups whose origins differ by a vector of the lattice; groups of few columns are on none."""
    sizes = np.bincount(group)
    large = np.argsort(sizes)[::-1]
    large = large[sizes[large] >= max(6, 0.02 * sizes.max())]
    cell = _robust_cell(places, index, np.where(np.isin(group, large), group, -1))[0]
    new, origins, shifted = np.full(group.size, -1), [], index.copy()
    for part in large:
        members = group == part
        # A piece of a strained crystal is compared with what is next to it.
        origin = np.median(places[members] - index[members] @ cell, axis=0)
        for number, other in enumerate(origins):
            shift = (origin - other) @ np.linalg.inv(cell)
            if np.abs(shift - np.rint(shift)).max() < 0.2:
                shifted[members] = index[members] + np.rint(shift).astype(np.intp)
                new[members] = number
                break
        else:
            if sizes[part] >= 0.25 * sizes[large[0]]:
                new[members] = len(origins)
                origins.append(origin)
    return cell, np.array(origins), new, shifted


def _robust_cell(
    places: NDArray[np.float64], index: NDArray[np.intp], group: NDArray[np.intp]
) -> tuple[NDArray[np.float64], float]:
    """Fit places = origin of the group + index @ cell, by least squares that forgive single columns."""
    kept = group >= 0
    names, number = np.unique(group[kept], return_inverse=True)
    design = np.concatenate([index[kept].astype(np.float64), np.eye(names.size)[number]], axis=1)
    aim, weight = places[kept], np.ones(int(kept.sum()))
    answer, residual, spread = np.zeros((design.shape[1], 2)), np.zeros(len(aim)), 0.0
    for _ in range(6):
        root = np.sqrt(weight)[:, None]
        answer = np.linalg.lstsq(design * root, aim * root, rcond=None)[0]
        residual = np.linalg.norm(aim - design @ answer, axis=1)
        spread = max(float(np.median(residual)) / 1.1774, 1e-9)
        weight = np.minimum(1.0, 2.5 * spread / np.maximum(residual, 1e-12))
    return np.asarray(answer[:2], dtype=np.float64), spread * math.sqrt(2)


def _cell_with_errors(
    places: NDArray[np.float64], index: NDArray[np.intp], group: NDArray[np.intp], shape: tuple[int, int]
) -> tuple[NDArray[np.float64], tuple[float, float, float], float]:
    cell, residual = _robust_cell(places, index, group)
    rows = np.minimum(places[:, 0] * BLOCKS // shape[0], BLOCKS - 1).clip(0)
    block = rows * BLOCKS + np.minimum(places[:, 1] * BLOCKS // shape[1], BLOCKS - 1).clip(0)
    values = []
    for number in np.unique(block):
        kept = np.where(block == number, -1, group)
        if len(np.unique(group[kept >= 0])) == len(np.unique(group)):
            values.append(cell_figures(_robust_cell(places, index, kept)[0]))
    n = len(values)
    if n < 2:
        return cell, (math.inf, math.inf, math.inf), residual
    spread = np.sqrt((n - 1) * np.var(np.array(values), axis=0))
    return cell, (float(spread[0]), float(spread[1]), float(spread[2])), residual


def cell_figures(cell: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return the lengths of a and b, and the angle between them in degrees."""
    a, b = np.linalg.norm(cell, axis=1)
    return float(a), float(b), math.degrees(math.acos(float(np.clip(cell[0] @ cell[1] / (a * b), -1, 1))))


def _empty_sites(
    columns: Columns,
    sublattice: NDArray[np.intp],
    indices: NDArray[np.intp],
    cell: NDArray[np.float64],
    tolerance: float,
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return sites without a column of which most neighbours are there, and their sublattices."""
    around = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)]
    places, tree = columns.positions, cKDTree(columns.positions)
    margin = 2 * columns.shape.sigma_px
    high = np.array(columns.image_shape) - 1 - margin
    # Where pixels have no value nobody knows whether a site is empty.
    known = None if columns.is_known is None else np.asarray(distance_transform_edt(columns.is_known)) > margin
    found, of = [], []
    for number in range(int(sublattice.max()) + 1):
        members = np.flatnonzero(sublattice == number)
        there = {(int(i), int(j)): places[k] for k, (i, j) in zip(members, indices[members], strict=True)}
        sites = {(i + di, j + dj) for i, j in there for di, dj in around} - set(there)
        for i, j in sorted(sites):
            aims = [there[i + di, j + dj] - np.array((di, dj)) @ cell for di, dj in around if (i + di, j + dj) in there]
            site = np.median(aims, axis=0)
            is_inside = bool(np.all((site > margin) & (site < high)))
            if is_inside and known is not None:
                is_inside = bool(known[tuple(np.rint(site).astype(int))])
            if len(aims) >= 5 and is_inside and tree.query(site)[0] > tolerance:
                found.append(site)
                of.append(number)
    return np.array(found).reshape(-1, 2), np.array(of, dtype=np.intp)
