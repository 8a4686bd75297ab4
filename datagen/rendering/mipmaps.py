"""Mipmaps: textures at successively halved sizes, so that a look-up costs the same at any distance (Williams 1983).

Texels are averaged as stored (sRGB values, not light), like the renderers of the published sets (OpenGL without sRGB
textures, pictures reduced by Pillow), so that our pictures look like theirs. The averages are our own: Pillow 10 and 13
halve tall pictures in another order, which moves a few pixels by one step.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]


class Mipmaps(NamedTuple):
    """All textures of a scene in one array.

    `texels` (n,) are packed as red | green << 8 | blue << 16. `table` (textures, levels, 3) holds the first texel,
    width and height of each level; texture i has `levels` (textures,)[i] of them.
    """

    texels: npt.NDArray[np.uint32]
    table: npt.NDArray[np.int64]
    levels: npt.NDArray[np.int64]


def mipmaps(textures: Sequence[UInt8]) -> Mipmaps:
    """Return `textures`, each (height, width, 3), with all smaller levels down to a single texel."""
    chains = [_halvings(texture) for texture in textures]
    deepest = max((len(chain) for chain in chains), default=1)
    table = np.zeros((max(len(chains), 1), deepest, 3), dtype=np.int64)
    packed = [np.zeros(1, dtype=np.uint32)]
    position = 1
    for i, chain in enumerate(chains):
        for k, level in enumerate(chain):
            table[i, k] = position, level.shape[1], level.shape[0]
            packed.append(_packed(level))
            position += packed[-1].size
    levels = np.array([len(chain) for chain in chains] or [1], dtype=np.int64)
    return Mipmaps(np.concatenate(packed), table, levels)


def joined(first: Mipmaps, second: Mipmaps) -> Mipmaps:
    """Return the mipmaps of the textures of `first` followed by those of `second`."""
    deepest = max(first.table.shape[1], second.table.shape[1])
    tables = [np.pad(one.table, ((0, 0), (0, deepest - one.table.shape[1]), (0, 0))) for one in (first, second)]
    tables[1][..., 0] += first.texels.size
    return Mipmaps(
        np.concatenate([first.texels, second.texels]),
        np.concatenate(tables),
        np.concatenate([first.levels, second.levels]),
    )


def _halvings(texture: UInt8) -> list[UInt8]:
    """Return `texture` and its successively halved levels; means are rounded once, or far textures would brighten."""
    chain = [texture]
    channels = [texture[:, :, k].astype(np.float32) for k in range(3)]
    while max(channels[0].shape) > 1:
        channels = [_halved(channel) for channel in channels]
        chain.append(np.rint(np.stack(channels, axis=2)).astype(np.uint8))
    return chain


def _halved(channel: Float32) -> Float32:
    """Return `channel` (rows, columns) halved both ways; a tall one first along its columns, as in Pillow 13."""
    rows, columns = channel.shape
    if rows > 2 * (columns + columns % 2):
        return _halved_along_rows(_halved_along_rows(channel.T).T)
    return _halved_along_rows(_halved_along_rows(channel).T).T


def _halved_along_rows(channel: Float32) -> Float32:
    """Return the means of two or three neighbours in each row, whose centres are within half a new texel."""
    size = channel.shape[1]
    if size == 1:
        return channel
    if size % 2 == 0:
        return np.asarray((channel[:, ::2] + channel[:, 1::2]) * np.float32(0.5))
    scale = size / (size // 2)
    centre = (np.arange(size // 2) + 0.5) * scale
    first = (centre - scale / 2 + 0.5).astype(np.intp)
    near = first + np.arange(3)[:, None]
    offset = (near - centre + 0.5) / scale
    inside = (offset > -0.5) & (offset <= 0.5) & (near < size)
    weights = inside / inside.sum(axis=0)
    a, b, c = (channel[:, k].astype(np.float64) for k in np.minimum(near, size - 1))
    return np.asarray((a * weights[0] + b * weights[1] + c * weights[2]).astype(np.float32))


def _packed(level: UInt8) -> npt.NDArray[np.uint32]:
    red, green, blue = (level[:, :, k].astype(np.uint32).ravel() for k in range(3))
    return np.asarray(red | green << 8 | blue << 16)
