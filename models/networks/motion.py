"""The two networks of a turning head: one sees how far it turned, the other hears where a sound comes from."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from .hearing import HearingEncoder, HearingHead
from .turning import TurningEncoder, TurningHead, exchanged


class Distribution(NamedTuple):
    """Logits (..., places) over angles (places,), rad."""

    logits: Tensor
    angle: Tensor

    @property
    def mean(self) -> Tensor:
        """The expected angle (...), rad."""
        return (self.logits.softmax(-1) * self.angle).sum(-1)


class MotionNetwork(nn.Module):
    """Answers are odd by construction: exchanging views, or swapping ears, changes their sign exactly."""

    def __init__(self, seen: tuple[int, int], planes: int, heard: tuple[int, int, int], features: int) -> None:
        super().__init__()
        self.sees = TurningEncoder(seen, planes)
        self.turned = TurningHead(self.sees)
        self.hears = HearingEncoder(heard, features)
        self.comes = HearingHead(features)

    def rotation(self, image: Tensor, pitch: Tensor, focal: Tensor) -> Distribution:
        """Return the rotations (n, views - 1) from the first view to each other one.

        `image` is (n, views, 3, rows, columns), `pitch` and `focal` (n,): see `on_the_sphere`.
        """
        count, views = image.shape[:2]
        cells = self.sees.seen(image.flatten(0, 1), pitch.repeat_interleave(views), focal.repeat_interleave(views))
        cells = cells.reshape(count, views, *cells.shape[1:])
        first = cells[:, :1].expand_as(cells[:, 1:]).flatten(0, 1)
        others = cells[:, 1:].flatten(0, 1)
        there, back = self.turned(self.sees(torch.cat([first, others]), torch.cat([others, first]))).chunk(2)
        logits = (there + exchanged(back)) / 2
        return Distribution(logits.reshape(count, views - 1, -1), self.turned.rotation)

    def azimuth(self, audio: Tensor) -> Distribution:
        """Return the azimuths (...,) of binaural clips (..., 2, samples)."""
        clips = audio.flatten(0, -3)
        own, swapped = self.comes(self.hears(torch.cat([clips, clips.flip(1)]))).chunk(2)
        logits = (own + exchanged(swapped)) / 2
        return Distribution(logits.reshape(*audio.shape[:-2], -1), self.comes.azimuth)
