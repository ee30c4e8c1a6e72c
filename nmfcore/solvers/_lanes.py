"""Source of the straight-line kernels that solve a tile of rows side by side in vector lanes.

With k components known when the kernel is compiled, every intermediate of a row lives in a register and the loop over
the rows of a tile vectorises; with k known only at run time it does not, and the same arithmetic takes ten times as
long. So the source of ``solve_tile`` is written out here for each k, and Numba compiles it inside the kernel
that calls it, where it is cached with it.

A tile holds ``TILE`` rows, component by component: entry t of row i is at ``t * TILE + i``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic, overload

from nmfcore._jit import INLINE

TILE = 512
MAX_COMPONENTS = 8
# Up to here trying all 2^k - 1 active sets costs less than finding the right one.
MAX_ENUMERATED = 4
_GUESS_SWEEPS = 3
_FULL_ROUNDS = 4
_SINGLE_ROUNDS = 16


def _load(names: str, array: str, k: int) -> Iterator[str]:
    for t in range(k):
        yield f"    {names}{t} = {array}[i + {_at(t)}]"


def _at(t: int) -> str:
    return f"U{t}"


def _products(k: int) -> Iterator[str]:
    """N = H x - l1, two columns of H at a time, so that N is read and written half as often."""
    yield "  for i in range(T):"
    for t in range(k):
        yield f"    N[i + {_at(t)}] = -l1"
    yield "  start = U0"
    yield "  for j in range(0, n - 1, 2):"
    for t in range(k):
        yield f"    h{t} = H[{t}, j]"
        yield f"    j{t} = H[{t}, j + 1]"
    yield "    after = start + T"
    yield "    for i in range(T):"
    yield "      v = x[start + i]"
    yield "      z = x[after + i]"
    for t in range(k):
        yield f"      N[i + {_at(t)}] += h{t} * v + j{t} * z"
    yield "    start = after + T"
    yield "  if n % 2 == 1:"
    for t in range(k):
        yield f"    h{t} = H[{t}, n - 1]"
    yield "    for i in range(T):"
    yield "      v = x[start + i]"
    for t in range(k):
        yield f"      N[i + {_at(t)}] += h{t} * v"


def _enumerate(k: int) -> Iterator[str]:
    """Among the active sets S with P_S N >= 0, take the one with the largest gain N' P_S N."""
    yield "  for i in range(T):"
    yield from _load("n", "N", k)
    best, w = "zero", ["zero"] * k
    for mask in range(1, 1 << k):
        active = [t for t in range(k) if mask >> t & 1]
        for t in active:
            yield f"    c{t}_{mask} = " + " + ".join(f"P[{mask}, {t}, {j}] * n{j}" for j in active)
        low = f"c{active[0]}_{mask}"
        for t in active[1:]:
            yield f"    low{t}_{mask} = select(c{t}_{mask} < {low}, c{t}_{mask}, {low})"
            low = f"low{t}_{mask}"
        total = " + ".join(f"c{t}_{mask} * n{t}" for t in active)
        yield f"    gain_{mask} = select({low} >= zero, {total}, zero)"
        yield f"    better_{mask} = gain_{mask} > {best}"
        yield f"    best_{mask} = select(better_{mask}, gain_{mask}, {best})"
        for t in range(k):
            yield f"    w{t}_{mask} = select(better_{mask}, {f'c{t}_{mask}' if t in active else 'zero'}, {w[t]})"
        best, w = f"best_{mask}", [f"w{t}_{mask}" for t in range(k)]
    for t in range(k):
        yield f"    W[i + {_at(t)}] = {w[t]}"
    yield "  unsettled = zero"


def _pivot(k: int) -> Iterator[str]:
    """Block principal pivoting: solve on the active set, drop the negative, admit the negative gradients, repeat.

    Exchanging all at once can cycle; after a few rounds only the last wrong component is exchanged, which cannot.
    """
    yield from _guess(k)
    yield f"  for attempt in range({_FULL_ROUNDS + _SINGLE_ROUNDS}):"
    yield f"    single = zero if attempt < {_FULL_ROUNDS} else one"
    yield "    unsettled = zero"
    yield "    for i in range(T):"
    for line in [*_load("a", "active", k), *_load("n", "N", k), *_masked_solve(k)]:
        yield "  " + line
    for t in range(k):
        yield f"      g{t} = {_gradient_product(k, t)} - n{t}"
        yield f"      drop{t} = select(w{t} < zero, one, zero)"
        yield f"      wanted{t} = select(g{t} < -slack * abs(n{t}), one, zero)"
        yield f"      sound{t} = select(p{t} > zero, one, zero)"
        yield f"      b{t} = a{t} * drop{t} + (one - a{t}) * wanted{t} * sound{t}"
        # Active, without a pivot, and wanted: only the row on its own can tell.
        yield f"      lost{t} = a{t} * wanted{t} * (one - sound{t})"
    taken = "zero"
    for t in reversed(range(k)):
        yield f"      flip{t} = b{t} * (one - single * {taken})"
        yield f"      taken{t} = {taken} + flip{t} - {taken} * flip{t}"
        yield f"      W[i + {_at(t)}] = w{t}"
        yield f"      active[i + {_at(t)}] = a{t} + flip{t} - (flip{t} + flip{t}) * a{t}"
        taken = f"taken{t}"
    yield f"      left_out = {' + '.join(f'lost{t}' for t in range(k))}"
    yield f"      flag[i] = {taken} + left_out"
    yield f"      unsettled += {taken} + left_out"
    yield "    if unsettled == zero:"
    yield "      break"


def _guess(k: int) -> Iterator[str]:
    """Take as active what is positive: in W as it is where that was solved for an H nearby, else after a few sweeps."""
    yield "  if warm:"
    yield "    for i in range(T):"
    for t in range(k):
        yield f"      active[i + {_at(t)}] = select(W[i + {_at(t)}] > zero, one, zero)"
    yield "  else:"
    for t in range(k):
        yield f"    q{t} = {_inverse(f'G[{t}, {t}]', 'zero')}"
    yield "    for i in range(T):"
    for line in _load("n", "N", k):
        yield "  " + line
    w = ["zero"] * k
    for sweep in range(_GUESS_SWEEPS):
        for t in range(k):
            yield f"      s{t}_{sweep} = {w[t]} + (n{t} - ({_gradient_product(k, t, w)})) * q{t}"
            w[t] = f"v{t}_{sweep}"
            yield f"      {w[t]} = select(s{t}_{sweep} > zero, s{t}_{sweep}, zero)"
    for t in range(k):
        yield f"      active[i + {_at(t)}] = select({w[t]} > zero, one, zero)"


def _gradient_product(k: int, t: int, w: list[str] | None = None) -> str:
    return " + ".join(f"G[{t}, {j}] * {w[j] if w else f'w{j}'}" for j in range(k))


def _inverse(value: str, above: str) -> str:
    """1 / value where that is above a bound, else 0; never a division by 0."""
    return f"select({value} > {above}, one / select({value} > {above}, {value}, one), zero)"


def _masked_solve(k: int) -> Iterator[str]:
    """LDL' of G restricted to the active components of each lane; a dependent column gets the pivot 0, and w = 0."""
    for c in range(k):
        terms = "".join(f" - u{c}{p} * l{c}{p}" for p in range(c))
        yield f"    d{c} = G[{c}, {c}]{terms}"
        yield f"    p{c} = {_inverse(f'd{c}', f'slack * G[{c}, {c}]')}"
        for r in range(c + 1, k):
            terms = "".join(f" - u{r}{p} * l{c}{p}" for p in range(c))
            yield f"    u{r}{c} = a{r} * a{c} * (G[{r}, {c}]{terms})"
            yield f"    l{r}{c} = u{r}{c} * p{c}"
    for r in range(k):
        terms = "".join(f" - l{r}{p} * y{p}" for p in range(r))
        yield f"    y{r} = a{r} * n{r}{terms}"
    for r in reversed(range(k)):
        terms = "".join(f" - l{p}{r} * w{p}" for p in range(r + 1, k))
        yield f"    w{r} = y{r} * p{r}{terms}"


def _repair(k: int) -> Iterator[str]:
    """Rows that are left unsettled are solved one by one."""
    yield "  if unsettled > zero:"
    yield "    for i in range(T):"
    yield "      if flag[i] > zero:"
    for t in range(k):
        yield f"        row[{t}] = N[i + {_at(t)}]"
    yield f"        solve_row(G, row, {k}, slack, solution)"
    for t in range(k):
        yield f"        W[i + {_at(t)}] = solution[{t}]"


def _polish(k: int) -> Iterator[str]:
    """Sweep once by coordinates: exact descent, which takes back what rounding cost where G is ill-conditioned.

    Of all active sets tried, the gains of two may be alike to rounding. The sweep then moves the row by more than
    rounding, and it is left to be solved on its own.
    """
    for t in range(k):
        yield f"  r{t} = {_inverse(f'G[{t}, {t}]', 'zero')}"
    yield "  for i in range(T):"
    yield from _load("m", "N", k)
    yield from _load("z", "W", k)
    for t in range(k):
        yield f"    y{t}_ = select(z{t} > zero, z{t}, zero)"
    w = [f"y{t}_" for t in range(k)]
    for t in range(k):
        yield f"    e{t} = {w[t]} + (m{t} - ({_gradient_product(k, t, w)})) * r{t}"
        w[t] = f"f{t}"
        yield f"    {w[t]} = select(e{t} > zero, e{t}, zero)"
    for t in range(k):
        yield f"    W[i + {_at(t)}] = {w[t]}"
    if k <= MAX_ENUMERATED:
        yield f"    moved = {' + '.join(f'abs({w[t]} - y{t}_)' for t in range(k))}"
        yield f"    flag[i] = select(moved > slack * ({' + '.join(w)}), one, zero)"
        yield "    unsettled += flag[i]"


def _statistics(k: int) -> Iterator[str]:
    """Add |x - wH|^2, W'X, W'W (lower triangle) and the column sums of W to the sums of the block, if it has any."""
    yield "  if sums.shape[0] == 0:"
    yield "    return"
    yield "  start = U0"
    yield "  for j in range(n):"
    for t in range(k):
        yield f"    h{t} = H[{t}, j]"
        yield f"    b{t} = zero"
    yield "    square = zero"
    yield "    for i in range(T):"
    yield "      v = x[start + i]"
    for t in range(k):
        yield f"      w{t} = W[i + {_at(t)}]"
    product = " + ".join(f"h{t} * w{t}" for t in range(k))
    yield f"      r = v - ({product})"
    yield "      square += r * r"
    for t in range(k):
        yield f"      b{t} += w{t} * v"
    yield "    sums[0] += square"
    for t in range(k):
        yield f"    sums[1 + {t} * n + j] += b{t}"
    yield "    start += T"
    yield f"  c = 1 + {k} * n"
    for t in range(k):
        used = ["s", *(f"c{u}" for u in range(t + 1))]
        for name in used:
            yield f"  {name} = zero"
        yield "  for i in range(T):"
        yield f"    v = W[i + {_at(t)}]"
        yield "    s += v"
        for u in range(t + 1):
            yield f"    c{u} += v * W[i + {_at(u)}]"
        for u in range(t + 1):
            yield f"  sums[c + {t * (t + 1) // 2 + u}] += c{u}"
        yield f"  sums[c + {k * (k + 1) // 2 + t}] += s"


def tile_source(k: int) -> str:
    """Return the source of ``solve_tile`` for k components."""
    lines = [
        "def solve_tile(components, x, n, H, G, P, l1, slack, N, W, warm, active, flag, row, solution, sums):",
        "  zero = l1 - l1",
        "  one = zero + slack / slack",
        *_products(k),
        *(
            (*_enumerate(k), *_polish(k), *_repair(k))
            if k <= MAX_ENUMERATED
            else (*_pivot(k), *_repair(k), *_polish(k))
        ),
        *_statistics(k),
    ]
    return "\n".join(lines) + "\n"


def _select_in_python(condition, a, b):
    return a if condition else b


@intrinsic
def _select(context, condition, a, b):
    """Return a where the condition holds, else b: one instruction, where a branch would be a block to compile."""
    kind = context.unify_types(a, b)
    return kind(types.boolean, kind, kind), lambda _, builder, __, values: builder.select(*values)


@cache
def _compiled_source(k: int, select: Callable[..., Any], index: Callable[[int], Any]) -> Callable[..., None]:
    from nmfcore.solvers.nnls import solve_row

    scope: dict[str, Any] = {"T": index(TILE), "solve_row": solve_row, "select": select}
    scope |= {_at(t): index(t * TILE) for t in range(k)}
    exec(compile(tile_source(k), f"<solve_tile for {k} components>", "exec"), scope)
    return scope["solve_tile"]


def solve_tile(components, x, n, H, G, P, l1, slack, N, W, warm, active, flag, row, solution, sums):  # noqa: D103
    # In NumPy 1 an unsigned number plus a signed one is no index.
    _compiled_source(len(components), _select_in_python, int)(
        components, x, n, H, G, P, l1, slack, N, W, warm, active, flag, row, solution, sums
    )


@overload(solve_tile, jit_options=INLINE)  # pyright: ignore[reportArgumentType]
def _overload_solve_tile(components, x, n, H, G, P, l1, slack, N, W, warm, active, flag, row, solution, sums):
    # Unsigned, or Numba allows for a negative index and the loads become gathers.
    return _compiled_source(len(components), _select, np.uint64)
