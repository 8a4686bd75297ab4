"""The stages of `fourier`: the spectrum of a sound from those of 2, 3, 4 or 5 interleaved parts, and back.

`split_p` goes from samples to spectra. It is given `p` half-complex spectra of `span` values each, for each of `outer`
groups, one after the other (spectrum, group, span), and turns each bin back by `turns` before a transform of `p`
values. The bins found are kept as (group, p x span); those above half the sample rate, mirrored, go between the others.
`join_p` does the reverse. Even spans end with the bin at half the sample rate, which is real.
"""

import math

import numpy as np

from ...compiled import njit

CONSTANTS = np.array(
    [
        math.sqrt(0.5),
        math.sqrt(2),
        -0.5,  # cosine and sine of a third of a turn, of a fifth, and of two fifths
        0.86602540378443864676,
        0.30901699437494742410,
        0.95105651629515357212,
        -0.80901699437494742410,
        0.58778525229247312917,
    ]
)


@njit(cache=True, error_model="numpy", nogil=True, inline="always")
def _bin(values, at):  # type: ignore[no-untyped-def]
    """Return the complex value whose imaginary part is at `at`."""
    return complex(values[at - 1], values[at])


@njit(cache=True, error_model="numpy", nogil=True, inline="always")
def _keep(values, at, value):  # type: ignore[no-untyped-def]
    values[at - 1], values[at] = value.real, value.imag


@njit(cache=True, error_model="numpy", nogil=True, inline="always")
def _mirrored(values, at):  # type: ignore[no-untyped-def]
    return complex(values[at - 1], -values[at])


@njit(cache=True, error_model="numpy", nogil=True, inline="always")
def _keep_mirrored(values, at, value):  # type: ignore[no-untyped-def]
    values[at - 1], values[at] = value.real, -value.imag


@njit(cache=True, error_model="numpy", nogil=True, inline="always")
def _back(value, turn):  # type: ignore[no-untyped-def]
    """Return `value` turned back by `turn`."""
    return complex(turn.real * value.real + turn.imag * value.imag, turn.real * value.imag - turn.imag * value.real)


@njit(cache=True, error_model="numpy", nogil=True, inline="always")
def _on(value, turn):  # type: ignore[no-untyped-def]
    """Return `value` turned on by `turn`."""
    return complex(turn.real * value.real - turn.imag * value.imag, turn.real * value.imag + turn.imag * value.real)


@njit(cache=True, error_model="numpy", nogil=True, inline="always")
def _quarter(value):  # type: ignore[no-untyped-def]
    """Return `value` turned by a quarter."""
    return complex(-value.imag, value.real)


@njit(cache=True, error_model="numpy", nogil=True, inline="always")
def _times(value, factor):  # type: ignore[no-untyped-def]
    return complex(factor * value.real, factor * value.imag)


@njit(cache=True, error_model="numpy", nogil=True, inline="always")
def _dft_4(a, b, c, d):  # type: ignore[no-untyped-def]
    """Return the inverse transform of four values."""
    even, odd = a + c, b + d
    across, quarter = a - c, _quarter(b - d)
    return even + odd, across + quarter, even - odd, across - quarter


@njit(cache=True, error_model="numpy", nogil=True, inline="always")
def _dft_3(a, b, c, constants):  # type: ignore[no-untyped-def]
    total = b + c
    middle, quarter = a + _times(total, constants[2]), _quarter(_times(b - c, constants[3]))
    return a + total, middle + quarter, middle - quarter


@njit(cache=True, error_model="numpy", nogil=True, inline="always")
def _dft_5(a, b, c, d, e, constants):  # type: ignore[no-untyped-def]
    outer, inner = b + e, c + d
    first = a + _times(outer, constants[4]) + _times(inner, constants[6])
    second = a + _times(outer, constants[6]) + _times(inner, constants[4])
    near, far = b - e, c - d
    first_quarter = _quarter(_times(near, constants[5]) + _times(far, constants[7]))
    second_quarter = _quarter(_times(near, constants[7]) - _times(far, constants[5]))
    return (
        a + outer + inner,
        first + first_quarter,
        second + second_quarter,
        second - second_quarter,
        first - first_quarter,
    )


@njit(cache=True, error_model="numpy", nogil=True)
def split_2(given_rows, found_rows, span, outer, turns, constants):  # type: ignore[no-untyped-def]
    """Fill `found_rows` with spectra joined from two in `given_rows`."""
    half, leg = (span - 1) // 2, span * outer
    for row in range(given_rows.shape[0]):
        given, found = given_rows[row], found_rows[row]
        for k in range(outer):
            near, far = span * k, 2 * span * k
            a, b = given[near], given[near + leg]
            found[far], found[far + 2 * span - 1] = a + b, a - b
            if span % 2 == 0:
                found[far + span], found[far + span - 1] = -given[near + leg + span - 1], given[near + span - 1]
            for m in range(1, half + 1):
                at = near + 2 * m
                a = _bin(given, at)
                b = _back(_bin(given, at + 1 * leg), turns[0 * half + m - 1])
                _keep(found, far + 2 * m, a + b)
                _keep_mirrored(found, far + 2 * span - 2 * m, a - b)


@njit(cache=True, error_model="numpy", nogil=True)
def split_3(given_rows, found_rows, span, outer, turns, constants):  # type: ignore[no-untyped-def]
    """Fill `found_rows` with spectra joined from three in `given_rows`."""
    half, leg = (span - 1) // 2, span * outer
    for row in range(given_rows.shape[0]):
        given, found = given_rows[row], found_rows[row]
        for k in range(outer):
            near, far = span * k, 3 * span * k
            a, b, c = given[near], given[near + leg], given[near + 2 * leg]
            found[far], found[far + 2 * span - 1] = a + (b + c), a + constants[2] * (b + c)
            found[far + 2 * span] = constants[3] * (c - b)
            for m in range(1, half + 1):
                at = near + 2 * m
                a = _bin(given, at)
                b = _back(_bin(given, at + 1 * leg), turns[0 * half + m - 1])
                c = _back(_bin(given, at + 2 * leg), turns[1 * half + m - 1])
                y0, y2, y1 = _dft_3(a, b, c, constants)
                _keep(found, far + 0 * span + 2 * m, y0)
                _keep(found, far + 2 * span + 2 * m, y1)
                _keep_mirrored(found, far + 2 * span - 2 * m, y2)


@njit(cache=True, error_model="numpy", nogil=True)
def split_4(given_rows, found_rows, span, outer, turns, constants):  # type: ignore[no-untyped-def]
    """Fill `found_rows` with spectra joined from four in `given_rows`."""
    half, leg = (span - 1) // 2, span * outer
    for row in range(given_rows.shape[0]):
        given, found = given_rows[row], found_rows[row]
        for k in range(outer):
            near, far = span * k, 4 * span * k
            a, b, c, d = given[near], given[near + leg], given[near + 2 * leg], given[near + 3 * leg]
            found[far], found[far + 4 * span - 1] = (a + c) + (b + d), (a + c) - (b + d)
            found[far + 2 * span - 1], found[far + 2 * span] = a - c, d - b
            if span % 2 == 0:
                end = near + span - 1
                b, c, d = given[end + leg], given[end + 2 * leg], given[end + 3 * leg]
                down, up = -constants[0] * (b + d), constants[0] * (b - d)
                found[far + span - 1], found[far + 3 * span - 1] = given[end] + up, given[end] - up
                found[far + span], found[far + 3 * span] = down - c, down + c
            for m in range(1, half + 1):
                at = near + 2 * m
                a = _bin(given, at)
                b = _back(_bin(given, at + 1 * leg), turns[0 * half + m - 1])
                c = _back(_bin(given, at + 2 * leg), turns[1 * half + m - 1])
                d = _back(_bin(given, at + 3 * leg), turns[2 * half + m - 1])
                y0, y3, y2, y1 = _dft_4(a, b, c, d)
                _keep(found, far + 0 * span + 2 * m, y0)
                _keep(found, far + 2 * span + 2 * m, y1)
                _keep_mirrored(found, far + 2 * span - 2 * m, y3)
                _keep_mirrored(found, far + 4 * span - 2 * m, y2)


@njit(cache=True, error_model="numpy", nogil=True)
def split_5(given_rows, found_rows, span, outer, turns, constants):  # type: ignore[no-untyped-def]
    """Fill `found_rows` with spectra joined from five in `given_rows`."""
    half, leg = (span - 1) // 2, span * outer
    for row in range(given_rows.shape[0]):
        given, found = given_rows[row], found_rows[row]
        for k in range(outer):
            near, far = span * k, 5 * span * k
            a, b, c, d, e = (
                given[near],
                given[near + leg],
                given[near + 2 * leg],
                given[near + 3 * leg],
                given[near + 4 * leg],
            )
            outside, inside, rise, dip = e + b, d + c, e - b, d - c
            found[far] = a + outside + inside
            found[far + 2 * span - 1] = a + constants[4] * outside + constants[6] * inside
            found[far + 2 * span] = constants[5] * rise + constants[7] * dip
            found[far + 4 * span - 1] = a + constants[6] * outside + constants[4] * inside
            found[far + 4 * span] = constants[7] * rise - constants[5] * dip
            for m in range(1, half + 1):
                at = near + 2 * m
                a = _bin(given, at)
                b = _back(_bin(given, at + 1 * leg), turns[0 * half + m - 1])
                c = _back(_bin(given, at + 2 * leg), turns[1 * half + m - 1])
                d = _back(_bin(given, at + 3 * leg), turns[2 * half + m - 1])
                e = _back(_bin(given, at + 4 * leg), turns[3 * half + m - 1])
                y0, y4, y3, y2, y1 = _dft_5(a, b, c, d, e, constants)
                _keep(found, far + 0 * span + 2 * m, y0)
                _keep(found, far + 2 * span + 2 * m, y1)
                _keep(found, far + 4 * span + 2 * m, y2)
                _keep_mirrored(found, far + 2 * span - 2 * m, y4)
                _keep_mirrored(found, far + 4 * span - 2 * m, y3)


@njit(cache=True, error_model="numpy", nogil=True)
def join_2(given_rows, found_rows, span, outer, turns, constants):  # type: ignore[no-untyped-def]
    """Fill `found_rows` with two spectra for each in `given_rows`, the reverse of `split_2`."""
    half, leg = (span - 1) // 2, span * outer
    for row in range(given_rows.shape[0]):
        given, found = given_rows[row], found_rows[row]
        for k in range(outer):
            near, far = span * k, 2 * span * k
            a, b = given[far], given[far + 2 * span - 1]
            found[near], found[near + leg] = a + b, a - b
            if span % 2 == 0:
                found[near + span - 1], found[near + leg + span - 1] = 2 * given[far + span - 1], -2 * given[far + span]
            for m in range(1, half + 1):
                at = near + 2 * m
                y0 = _bin(given, far + 2 * m)
                y1 = _mirrored(given, far + 2 * span - 2 * m)
                a, b = y0 + y1, y0 - y1
                _keep(found, at, a)
                _keep(found, at + 1 * leg, _on(b, turns[0 * half + m - 1]))


@njit(cache=True, error_model="numpy", nogil=True)
def join_3(given_rows, found_rows, span, outer, turns, constants):  # type: ignore[no-untyped-def]
    """Fill `found_rows` with three spectra for each in `given_rows`, the reverse of `split_3`."""
    half, leg = (span - 1) // 2, span * outer
    for row in range(given_rows.shape[0]):
        given, found = given_rows[row], found_rows[row]
        for k in range(outer):
            near, far = span * k, 3 * span * k
            real, imaginary = given[far + 2 * span - 1], given[far + 2 * span]
            double, quarter = real + real, constants[3] * (imaginary + imaginary)
            middle = given[far] + constants[2] * double
            found[near] = given[far] + double
            found[near + leg], found[near + 2 * leg] = middle - quarter, middle + quarter
            for m in range(1, half + 1):
                at = near + 2 * m
                y0 = _bin(given, far + 2 * m)
                y1 = _bin(given, far + 2 * span + 2 * m)
                y2 = _mirrored(given, far + 2 * span - 2 * m)
                a, b, c = _dft_3(y0, y1, y2, constants)
                _keep(found, at, a)
                _keep(found, at + 1 * leg, _on(b, turns[0 * half + m - 1]))
                _keep(found, at + 2 * leg, _on(c, turns[1 * half + m - 1]))


@njit(cache=True, error_model="numpy", nogil=True)
def join_4(given_rows, found_rows, span, outer, turns, constants):  # type: ignore[no-untyped-def]
    """Fill `found_rows` with four spectra for each in `given_rows`, the reverse of `split_4`."""
    half, leg = (span - 1) // 2, span * outer
    for row in range(given_rows.shape[0]):
        given, found = given_rows[row], found_rows[row]
        for k in range(outer):
            near, far = span * k, 4 * span * k
            even, across = given[far] + given[far + 4 * span - 1], given[far] - given[far + 4 * span - 1]
            real, imaginary = given[far + 2 * span - 1], given[far + 2 * span]
            odd, quarter = real + real, imaginary + imaginary
            found[near], found[near + 2 * leg] = even + odd, even - odd
            found[near + leg], found[near + 3 * leg] = across - quarter, across + quarter
            if span % 2 == 0:
                end = near + span - 1
                y0, y1 = _bin(given, far + span), _bin(given, far + 3 * span)
                rise, dip = y1.imag + y0.imag, y1.imag - y0.imag
                total, gap = y0.real + y1.real, y0.real - y1.real
                found[end], found[end + 2 * leg] = total + total, dip + dip
                found[end + leg], found[end + 3 * leg] = constants[1] * (gap - rise), -constants[1] * (gap + rise)
            for m in range(1, half + 1):
                at = near + 2 * m
                y0 = _bin(given, far + 2 * m)
                y1 = _bin(given, far + 2 * span + 2 * m)
                y3 = _mirrored(given, far + 2 * span - 2 * m)
                y2 = _mirrored(given, far + 4 * span - 2 * m)
                a, b, c, d = _dft_4(y0, y1, y2, y3)
                _keep(found, at, a)
                _keep(found, at + 1 * leg, _on(b, turns[0 * half + m - 1]))
                _keep(found, at + 2 * leg, _on(c, turns[1 * half + m - 1]))
                _keep(found, at + 3 * leg, _on(d, turns[2 * half + m - 1]))


@njit(cache=True, error_model="numpy", nogil=True)
def join_5(given_rows, found_rows, span, outer, turns, constants):  # type: ignore[no-untyped-def]
    """Fill `found_rows` with five spectra for each in `given_rows`, the reverse of `split_5`."""
    half, leg = (span - 1) // 2, span * outer
    for row in range(given_rows.shape[0]):
        given, found = given_rows[row], found_rows[row]
        for k in range(outer):
            near, far = span * k, 5 * span * k
            y1, y2 = _bin(given, far + 2 * span), _bin(given, far + 4 * span)
            outside, inside = y1.real + y1.real, y2.real + y2.real
            rise, dip = y1.imag + y1.imag, y2.imag + y2.imag
            found[near] = given[far] + outside + inside
            first = given[far] + constants[4] * outside + constants[6] * inside
            second = given[far] + constants[6] * outside + constants[4] * inside
            first_quarter, second_quarter = (
                rise * constants[5] + dip * constants[7],
                rise * constants[7] - dip * constants[5],
            )
            found[near + leg], found[near + 4 * leg] = first - first_quarter, first + first_quarter
            found[near + 2 * leg], found[near + 3 * leg] = second - second_quarter, second + second_quarter
            for m in range(1, half + 1):
                at = near + 2 * m
                y0 = _bin(given, far + 2 * m)
                y1 = _bin(given, far + 2 * span + 2 * m)
                y2 = _bin(given, far + 4 * span + 2 * m)
                y4 = _mirrored(given, far + 2 * span - 2 * m)
                y3 = _mirrored(given, far + 4 * span - 2 * m)
                a, b, c, d, e = _dft_5(y0, y1, y2, y3, y4, constants)
                _keep(found, at, a)
                _keep(found, at + 1 * leg, _on(b, turns[0 * half + m - 1]))
                _keep(found, at + 2 * leg, _on(c, turns[1 * half + m - 1]))
                _keep(found, at + 3 * leg, _on(d, turns[2 * half + m - 1]))
                _keep(found, at + 4 * leg, _on(e, turns[3 * half + m - 1]))
