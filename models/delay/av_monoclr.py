"""`av-monoclr`: the delay of the speaker that one points at, learned from single channels (Chen et al. 2022, Sec. 3.4).

As in `monoclr` a patch finds itself in a shifted copy, but both hold a second voice, shifted otherwise. A query tells
which one is meant: the paper's is a face; here it is a clip of the voice, embedded by a small network that is trained
with the rest, or any vector from a file.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from torch import Tensor, nn

from ...benchmarks.running.method import Diagnosed
from ...benchmarks.stimuli.guided.batch import GuidedBatch
from ...benchmarks.stimuli.stereo.batch import StereoBatch
from ...benchmarks.stimuli.stereo.votes import combine
from ...errors import InputError
from ..data.query_vectors import QueryVectors, read_query_vectors
from ..data.views import MAX_SHIFT
from ..data.voices import PointedClips, PointedViews, Voices, VoicesRecipe, open_voices
from ..networks.patches import shifted_affinities
from ..networks.residual import PUBLISHED_WIDTHS
from ..networks.voice import GuidedEncoder
from ..networks.walks import match_loss, soft_votes
from ..training.recipe import Size
from .method import MILLISECONDS, phase_transform_delays, standard_batch
from .stereocrw import StereoCrw, compare

_FAST = {"nodes": 25, "learning_rate": 2e-3}
_VOICE_TEMPERATURE = 0.1


class AvMonoClrRecipe(VoicesRecipe):
    """The recipe of `av-monoclr`. Nodes that a shift may move outside are left out; the published ones are clamped."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "tiny": {
            **_FAST,
            "steps": 60,
            "batch": 12,
            "patch": 2048,
            "widths": (8, 16, 32, 64),
            "validations": 2,
        },
        "small": {**_FAST, "steps": 5000, "batch": 32},
        "paper": {
            "steps": 100_000,
            "batch": 48,
            "patch": 15_360,
            "learning_rate": 1e-4,
            "warm_up": 0.0,
            "widths": PUBLISHED_WIDTHS,
            "frames": 128,
            "compression": 0.0,
            "query_scale": 1.0,
            "voice_share": 0.0,
            "augmented": False,
        },
    }
    patch: int = Field(default=7680, ge=256)
    """Samples of a patch: a voice is not told from 64 ms."""
    widths: tuple[Size, Size, Size, Size] = (16, 32, 64, 128)
    """Filters of the stem and of the four blocks."""
    voice_widths: tuple[Size, Size, Size, Size] = (16, 32, 64, 128)
    """The same of the encoder of voices."""
    query_scale: float = Field(default=8.0, gt=0)
    """Factor of a query of unit length where it joins the channels."""
    voice_share: float = Field(default=0.3, ge=0)
    """Weight of the loss by which voices are told apart directly."""
    frames: int = Field(default=32, ge=8)
    """Frames of a patch's spectrogram."""
    compression: float = Field(default=0.5, ge=0, le=1)
    """Power of the magnitude by which each bin is divided."""
    temperature: float = Field(default=0.05, gt=0)


@dataclass(frozen=True)
class AvMonoClr(StereoCrw):
    """A patch finds itself in the other ear, for the voice that the query points at. Votes as in `StereoCrw`.

    `queries` is a file of vectors by sample_id, for weights that were trained with vectors (see `read_query_vectors`).
    """

    queries: str = ""
    name: ClassVar[str] = "av-monoclr"
    tracks: ClassVar[tuple[str, ...]] = ("guided",)
    recipe: ClassVar[type[AvMonoClrRecipe]] = AvMonoClrRecipe  # type: ignore[assignment]

    @classmethod
    def network(cls, recipe: AvMonoClrRecipe) -> GuidedEncoder:  # type: ignore[override]
        """Return the untrained network."""
        return GuidedEncoder(
            recipe.widths,
            query_width=recipe.query_width,
            query_scale=recipe.query_scale,
            voice_widths=None if recipe.queries else recipe.voice_widths,
            frames=recipe.frames,
            compression=recipe.compression,
            patch=recipe.patch,
            stride=recipe.stride,
            temperature=recipe.temperature,
            voice_share=recipe.voice_share,
        )

    @classmethod
    def examples(cls, recipe: AvMonoClrRecipe, data: Sequence[str]) -> Voices:  # type: ignore[override]
        """Return pairs of voices of the set of random rooms in `data`."""
        return open_voices(recipe, data)

    @classmethod
    def loss(cls, network: Any, batch: PointedViews) -> Tensor:  # type: ignore[override]
        """Return the cross-entropy of the same patch in the other ear, and that of the voice among all voices."""
        query = network.pointing(batch.query)
        nodes = network.nodes(torch.stack([batch.left, batch.right], dim=1))
        left, right = network(nodes, query).unbind(1)
        shift = torch.round(batch.shift / network.stride).long()
        found: Tensor = match_loss(compare(network, left, right), shift, skipped=int(shift.abs().max()))
        if network.voice is None or not network.voice_share:
            return found
        told_apart = voice_loss(query, network.voice(batch.alone), batch.speaker)
        return found + float(network.voice_share) * told_apart

    @classmethod
    def validate(cls, network: Any, examples: Voices) -> Mapping[str, float]:  # type: ignore[override]
        """Return errors (ms) on pairs of validation clips, and the share of answers nearer to the voice meant.

        `rmse_ms` and `mae_ms` are of the network, `gcc_phat_rmse_ms` of GCC-PHAT, which hears no query.
        """
        clips = list(examples.validation())
        truth, other = (torch.cat([getattr(part, name) for part in clips]) for name in ("delay", "other_delay"))
        own = torch.cat([cls.answers(network, part) for part in clips])
        classical = torch.cat([phase_transform_delays(part.audio) for part in clips])
        return {
            "rmse_ms": float((own - truth).square().mean().sqrt()) * MILLISECONDS,
            "mae_ms": float((own - truth).abs().mean()) * MILLISECONDS,
            "gcc_phat_rmse_ms": float((classical - truth).square().mean().sqrt()) * MILLISECONDS,
            "meant_share": float(((own - truth).abs() < (own - other).abs()).float().mean()),
        }

    @classmethod
    def figures(cls, network: nn.Module, examples: Voices) -> Sequence[Any]:  # type: ignore[override]
        """Return the answers on the first validation clips against the truth."""
        from .figure import SHOWN_CLIPS, answers_figure  # loads matplotlib

        clips = PointedClips(*(one[:SHOWN_CLIPS] for one in next(examples.validation())))
        found = (clips.delay, cls.answers(network, clips), phase_transform_delays(clips.audio))
        truth, answers, classical = ((one * MILLISECONDS).tolist() for one in found)
        return [answers_figure(truth, answers, classical)]

    @classmethod
    def answers(cls, network: Any, clips: PointedClips) -> Tensor:  # type: ignore[override]
        """Return the delay (n,) in samples of the voice meant in each of the `clips`, by one vote each."""
        device, heard = next(network.parameters()).device, standard_batch(clips.audio, cls.validation_votes)
        parts = zip(
            torch.split(clips.audio, cls.clips_at_once), torch.split(clips.query, cls.clips_at_once), strict=True
        )
        ballots = [
            cls.pointed_ballots(network, heard, audio.to(device), network.pointing(query.to(device)))
            for audio, query in parts
        ]
        return torch.from_numpy(combine(np.concatenate(ballots), "mean")).float()

    @classmethod
    def pointed_ballots(cls, network: Any, batch: StereoBatch, audio: Tensor, query: Tensor) -> npt.NDArray[np.float64]:
        """Return the vote (n, voters) in samples of each window that can vote, heard with `query` (n, width)."""
        patch, starts = cls.voters(batch, audio.shape[-1])
        shifts = torch.arange(-MAX_SHIFT, MAX_SHIFT + 1, device=audio.device)
        places = torch.as_tensor(starts, device=audio.device)
        cosines = shifted_affinities(lambda patches: network(patches, query), audio, patch, places, shifts)
        return np.asarray(soft_votes(cosines / network.temperature, shifts).double().cpu().numpy())

    def predict(self, batch: GuidedBatch) -> Diagnosed:  # type: ignore[override]
        """Return the interaural time difference of the speaker pointed at in each clip (clips,), in seconds.

        The diagnostic `voters` is the number of windows that vote.
        """
        network, queries = self._network, torch.split(self._pointers(batch), self.clips_at_once)
        with torch.inference_mode():
            ballots = np.concatenate(
                [
                    self.pointed_ballots(network, batch, audio, network.pointing(query.to(self.device)))
                    for audio, query in zip(self._parts(batch), queries, strict=True)
                ]
            )
        voters = np.full(len(ballots), ballots.shape[1])
        return Diagnosed(combine(ballots, self.votes) / batch.sample_rate, {"voters": voters})

    def _pointers(self, batch: GuidedBatch) -> Tensor:
        """Return what points at the voices: their vectors (clips, width), or clips of them (clips, samples)."""
        network = self._network
        if self._vectors is None and network.voice is None:
            raise InputError(f"{self.name}: these weights were trained with vectors; give theirs as queries=FILE")
        if self._vectors is not None and network.voice is not None:
            raise InputError(f"{self.name}: these weights hear the query's voice; leave queries=FILE out")
        if self._vectors is None:
            return torch.from_numpy(batch.query)
        if self._vectors.width != network.query_width:
            raise InputError(
                f"{self._vectors.path}: vectors of {self._vectors.width} numbers, these weights take "
                f"{network.query_width}"
            )
        return torch.from_numpy(self._vectors.of(batch.sample_id))

    @cached_property
    def _vectors(self) -> QueryVectors | None:
        return read_query_vectors(Path(self.queries)) if self.queries else None

    @property
    def _untrained(self) -> AvMonoClrRecipe:
        """The recipe of an untrained network, which takes the vectors given."""
        recipe = self.recipe(**self.recipe.presets["small"])
        given = {} if self._vectors is None else {"queries": self.queries, "query_width": self._vectors.width}
        return recipe.model_copy(update=given)

    def files(self) -> Iterator[Path]:
        """Yield the files whose contents decide the answers: the checkpoint's, and that of the vectors."""
        yield from super().files()
        if self.queries:
            yield Path(self.queries)


def voice_loss(queries: Tensor, voices: Tensor, speaker: Tensor) -> Tensor:
    """Return the cross-entropy () of each query's own voice among all `voices`, both (n, width) of unit length.

    Other clips of the same `speaker` (n,) are no competitors.
    """
    scores = queries @ voices.T / _VOICE_TEMPERATURE
    same = (speaker[:, None] == speaker) & ~torch.eye(len(speaker), dtype=torch.bool, device=speaker.device)
    own = scores.masked_fill(same, -torch.inf).log_softmax(-1).diagonal()
    return -own.mean()
