"""The logarithm of many numbers at once, where the library takes them one by one.

With x = 2^e m, m in [sqrt(1/2), sqrt(2)), and s = (m - 1) / (m + 1),

    log x = e log 2 + 2 (s + s^3 / 3 + s^5 / 5 + ...),

cut after s^21: |s| < 0.172, so that what is left out is below rounding. The error is below 1e-15 of the larger of 1 and
the logarithm.
"""

from __future__ import annotations

import numpy as np

from nmfcore._jit import inlined

_SHIFT = np.uint64(52)
_ONE = np.uint64(1023 << 52)
# Added to the bits of x, it carries into the exponent from sqrt(2) on.
_CARRY = np.uint64((1023 << 52) - 0x3FE6A09E667F3BCD)
# The bits of 2^52: or-ed to a small integer they make 2^52 plus it.
_BIG = np.uint64(0x4330000000000000)
_BIASED = 2.0**52 + 1023.0
# The first half of log 2 has so few digits that its products with e are exact.
_LOG_2, _REST = 6.93147180369123816490e-01, 1.90821492927058770002e-10


@inlined
def take_logs(x, mantissas, exponents):
    """Overwrite x (n,), normal positive float64, with its logarithms; mantissas and exponents (n,) are spent."""
    bits, m_bits, e_bits = x.view(np.uint64), mantissas.view(np.uint64), exponents.view(np.uint64)
    for j in range(x.shape[0]):
        e = (bits[j] + _CARRY) >> _SHIFT
        m_bits[j] = (bits[j] + _ONE) - (e << _SHIFT)
        e_bits[j] = e | _BIG
    # A loop of its own: multiplied out, 2^52 log 2 would swallow the rest.
    for j in range(x.shape[0]):
        exponents[j] -= _BIASED
    for j in range(x.shape[0]):
        power, m = exponents[j], mantissas[j]
        s = (m - 1.0) / (m + 1.0)
        z = s * s
        p = z * (2.0 / 21.0) + 2.0 / 19.0
        p = p * z + 2.0 / 17.0
        p = p * z + 2.0 / 15.0
        p = p * z + 2.0 / 13.0
        p = p * z + 2.0 / 11.0
        p = p * z + 2.0 / 9.0
        p = p * z + 2.0 / 7.0
        p = p * z + 2.0 / 5.0
        p = p * z + 2.0 / 3.0
        x[j] = power * _LOG_2 + (2.0 * s + (s * (z * p) + power * _REST))
