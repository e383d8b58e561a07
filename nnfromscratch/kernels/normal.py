"""Normal numbers from random bits, compiled: Box and Muller's equation with polynomials, which vector registers can do.

A call of log, cos or sin in the C library makes one number at a time. All numbers here have 32 bits, so that every step
fills the same lanes; what Numba widens is narrowed again at once.
"""

from __future__ import annotations

import numpy as np

from nnfromscratch.kernels.numba_options import compiled
from nnfromscratch.types import Array

f, i = np.float32, np.int32

SIGN = i(-(2**31))  # the sign bit
UNIT = f(2**-31)
ROOT_HALF = i(0x3F3504F3)  # the bits of √½
MANTISSA = i(0x7FFFFF)
LOG_2 = f(np.log(2))
STEP = f(np.pi / 2 * 2**-32)


@compiled
def fill(z: Array, bits: Array, first: int, last: int) -> None:
    """z[0, k] = r · cos φ, z[1, k] = r · sin φ, r = √(−2 ln u), for k = first … last − 1.

    u = 1 − (bits[0, k] mod 2³¹) / 2³¹, φ = 2π · bits[1, k] / 2³²       z: (2, K) float32   bits: (2, K) int32
    """
    cosines, sines = z[0, first:last], z[1, first:last]
    radii, angles = bits[0, first:last], bits[1, first:last]
    for k in range(radii.size):
        r = np.sqrt(f(-2) * _log(f(radii[k] | SIGN) * -UNIT))
        cosine, sine = _cos_sin(angles[k])
        cosines[k] = r * cosine
        sines[k] = r * sine


@compiled
def _log(u: np.float32) -> np.float32:
    """ln u = e · ln 2 + ln m, u = 2ᵉ · m and √½ ≤ m < √2, where a polynomial in t = m − 1 has all digits of float32.

    Source: Moshier, Cephes Mathematical Library, single/logf.c; e and m are read off the bits of u.
    """
    above = i(f(u).view(np.int32) - ROOT_HALF)
    e = f(above >> i(23))
    t = i((above & MANTISSA) + ROOT_HALF).view(np.float32) - f(1)
    p = f(7.0376836292e-2) * t - f(1.1514610310e-1)
    p = p * t + f(1.1676998740e-1)
    p = p * t - f(1.2420140846e-1)
    p = p * t + f(1.4249322787e-1)
    p = p * t - f(1.6668057665e-1)
    p = p * t + f(2.0000714765e-1)
    p = p * t - f(2.4999993993e-1)
    p = p * t + f(3.3333331174e-1)
    return e * LOG_2 + (t + t * t * (t * p - f(0.5)))


@compiled
def _cos_sin(w: np.int32) -> tuple[np.float32, np.float32]:
    """cos φ and sin φ, φ = 2π · w / 2³² = (quarter turns) · π/2 + a, |a| ≤ π/4: both polynomials, turned by quarters.

    Source: Moshier, Cephes Mathematical Library, single/sinf.c.
    """
    quarters = i((w >> i(29)) + i(1)) >> i(1)
    a = f(i(w << i(2))) * STEP  # the bits that say how many quarters have left
    s = a * a
    sine = ((f(-1.9515295891e-4) * s + f(8.3321608736e-3)) * s - f(1.6666654611e-1)) * s * a + a
    cosine = ((f(2.443315711809948e-5) * s - f(1.388731625493765e-3)) * s + f(4.166664568298827e-2)) * s * s
    cosine = cosine - f(0.5) * s + f(1)
    odd = quarters & i(1)
    x, y = (sine, cosine) if odd else (cosine, sine)
    x = -x if (quarters + i(1)) & i(2) else x
    y = -y if quarters & i(2) else y
    return x, y
