"""Clips of random rooms that are rendered while a network trains: no two alike, and none on disk."""

from collections.abc import Iterator
from os import PathLike
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ...datagen.acoustics.batched_sound import add_noise, auralize, impulse_responses, usable
from ...datagen.acoustics.lattice import LEAD
from ...datagen.random_rooms import Utterance, plan_random_rooms
from ...datagen.stereo import CLIP_SAMPLES
from ...digests import generator_for, stable_hash
from ...errors import InputError


class Rooms:
    """Batches of one-second stereo clips in random rooms, rendered on `device` as they are asked for, without end.

    A batch is a dictionary: `audio` float32 (batch, 2, 16000) on `device`, its peak at 1 before noise; `truth`, float32
    (batch,), the interaural time difference t_right - t_left in seconds; and `sample_id`. Clips are those that `whence
    generate random-rooms` renders of the same speech and seed, up to the rounding to 16 bits and the tolerance of the
    batched lattice.
    """

    def __init__(
        self,
        speech: str | PathLike[str] | None = None,
        *,
        batch: int = 64,
        snr_db: tuple[float, float] | None = None,
        seed: int = 0,
        first: int = 0,
        device: str | torch.device = "cpu",
    ) -> None:
        """Open the dry `speech`: a folder, `espeak` (default) or `librispeech[:SUBSET]`.

        White noise at a level drawn from `snr_db` (lowest, highest) is added to each clip. `first` is the number of the
        batch to begin with: give it to go on where a training stopped. Speakers of the parts `val` and `test` are not
        heard. Raises InputError for speech that is missing or from which no speaker is left.
        """
        if batch < 1 or first < 0 or seed < 0:
            raise InputError(f"batch={batch}, first={first}, seed={seed}: expected 1 clip or more, others 0 or more")
        if snr_db is not None and not (np.shape(snr_db) == (2,) and snr_db[0] <= snr_db[1]):
            raise InputError(f"snr_db={snr_db}: expected the lowest level (dB) and the highest")
        self.batch, self.snr_db, self.seed, self.first, self.device = batch, snr_db, seed, first, usable(device)
        self._plan = plan_random_rooms(None if speech is None else str(speech), train_clips=1, val_clips=1, seed=seed)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        number = self.first
        while True:
            yield self.rendered(number)
            number += 1

    def rendered(self, number: int) -> dict[str, Any]:
        """Return batch `number`, which depends on no other."""
        said = [self._plan.draw("train", number * self.batch + k) for k in range(self.batch)]
        delays = [one.scene.array.interaural_time_difference(one.scene.source) for one in said]
        audio = self._heard(said)
        if self.snr_db is not None:
            levels = generator_for(self.seed, f"fresh/{number}").uniform(*self.snr_db, self.batch).astype(np.float32)
            noise = torch.Generator(self.device).manual_seed(stable_hash(f"{self.seed}/fresh/{number}") % 2**63)
            audio = add_noise(audio, torch.from_numpy(levels).to(self.device), noise)
        truth = torch.tensor(delays, dtype=torch.float32, device=self.device)
        return {"audio": audio, "truth": truth, "sample_id": [one.sample_id for one in said]}

    def _heard(self, said: list[Utterance]) -> Tensor:
        """Return the clips (batch, 2, 16000) without noise, each with its peak at 1."""
        scenes = [one.scene for one in said]
        responses = impulse_responses(
            [scene.walls for scene in scenes],
            [scene.source for scene in scenes],
            [scene.array.microphones for scene in scenes],
            device=self.device,
        )
        emitted = np.stack([_emitted(one, responses.shape[-1]) for one in said])
        audio = auralize(torch.from_numpy(emitted).to(self.device), responses)
        return audio / audio.abs().amax((1, 2), keepdim=True).clamp(min=1e-30)


def _emitted(said: Utterance, taps: int) -> npt.NDArray[np.float32]:
    """Return the dry samples that the clip holds through a response of `taps`, silence where nothing is said."""
    end = said.start + LEAD + CLIP_SAMPLES
    begin = end - CLIP_SAMPLES - taps + 1
    heard = said.dry[max(begin, 0) : end]
    before = max(-begin, 0)
    return np.pad(heard, (before, end - begin - before - heard.size))
