"""Bilinear samples of pictures, inside compiled code."""

from ..compiled import njit


@njit(cache=True, error_model="numpy", nogil=True)
def add_bilinear(picture, rows, columns, shares, colour):  # type: ignore[no-untyped-def]
    """Add to `colour` (3,) what a `picture` (height, width, 3) shows between two `rows` and two `columns`.

    `shares` (row, column), 0 to 1, are those of the second row and of the second column.
    """
    (top, low), (left, right), (low_share, right_share) = rows, columns, shares
    for channel in range(3):
        upper = (1 - right_share) * picture[top, left, channel] + right_share * picture[top, right, channel]
        lower = (1 - right_share) * picture[low, left, channel] + right_share * picture[low, right, channel]
        colour[channel] += (1 - low_share) * upper + low_share * lower
