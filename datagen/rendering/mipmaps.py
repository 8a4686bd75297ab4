"""Mipmaps: textures at successively halved sizes, so that a look-up costs the same at any distance (Williams 1983).

Texels are averaged as stored (sRGB values, not light), like the renderers of the published sets (OpenGL without sRGB
textures, pictures reduced by Pillow), so that our pictures look like theirs.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

UInt8 = npt.NDArray[np.uint8]


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
        rows, columns = (max(size // 2, 1) for size in channels[0].shape)
        channels = [_reduced(channel, columns, rows) for channel in channels]
        chain.append(np.rint(np.stack(channels, axis=2)).astype(np.uint8))
    return chain


def _reduced(channel: npt.NDArray[np.float32], columns: int, rows: int) -> npt.NDArray[np.float32]:
    return np.asarray(Image.fromarray(channel).resize((columns, rows), Image.Resampling.BOX))


def _packed(level: UInt8) -> npt.NDArray[np.uint32]:
    red, green, blue = (level[:, :, k].astype(np.uint32).ravel() for k in range(3))
    return np.asarray(red | green << 8 | blue << 16)
