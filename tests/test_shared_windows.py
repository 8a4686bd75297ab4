"""Overlapping windows of learned delay models: what they share is computed once, and changes no answer by 1e-5."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from whence.benchmarks.stimuli.stereo.batch import StereoBatch  # noqa: E402
from whence.models.delay.av_monoclr import AvMonoClr, AvMonoClrRecipe  # noqa: E402
from whence.models.delay.ngcc_phat import WINDOWS as NGCC_WINDOWS  # noqa: E402
from whence.models.delay.ngcc_phat import NgccPhat  # noqa: E402
from whence.models.delay.salvati import WINDOWS as SALVATI_WINDOWS  # noqa: E402
from whence.models.delay.salvati import Salvati  # noqa: E402
from whence.models.delay.stereocrw import StereoCrw, StereoCrwRecipe  # noqa: E402
from whence.models.delay.whence_delay import WhenceDelay  # noqa: E402
from whence.models.networks import direct_sound  # noqa: E402
from whence.models.networks.patches import shifted_affinities  # noqa: E402

WINDOW, VOTES, SHIFTS = 256, 56, torch.arange(-24, 25)
NARROW = {"widths": (2, 2, 4, 4), "frames": 8, "patch": WINDOW}


@pytest.fixture(scope="module")
def audio():
    return torch.from_numpy(0.1 * np.random.default_rng(0).standard_normal((2, 2, 1151)).astype(np.float32))


def guided():
    """An untrained encoder of patches with queries, and one query for each of two clips."""
    torch.manual_seed(0)
    network = AvMonoClr.network(AvMonoClrRecipe(**NARROW, voice_widths=(2, 2, 4, 4), query_scale=0.1)).eval()
    query = torch.nn.functional.normalize(torch.randn(2, 128), dim=-1)
    return lambda patches: network(patches, query)


def walking():
    """An untrained encoder of patches."""
    torch.manual_seed(0)
    return StereoCrw.network(StereoCrwRecipe(**NARROW)).eval()


@pytest.mark.parametrize("make", [walking, guided])
def test_each_patch_is_embedded_once_and_compared_as_if_embedded_for_each_comparison(audio, make):
    embedded, encoder = [], make()

    def counting(patches):
        embedded.append(patches.shape[1])
        return encoder(patches)

    starts = torch.arange(24, VOTES - 24)
    heard = audio[..., : WINDOW + VOTES - 1]
    with torch.inference_mode():
        found = shifted_affinities(counting, heard, WINDOW, starts, SHIFTS)
        assert sum(embedded) == len(starts) + VOTES  # of the left, and of the right one for each place
        windows = heard.unfold(-1, WINDOW, 1)
        alone = [
            [encoder(windows[:, 0, [s]]) @ encoder(windows[:, 1, s + SHIFTS]).transpose(1, 2)] for s in starts.tolist()
        ]
    apart = torch.cat([row[0] for row in alone], dim=1)
    np.testing.assert_allclose(found, apart, atol=1e-5)
    assert apart.std() > 1e-3


@pytest.mark.parametrize(("model", "count"), [(Salvati, SALVATI_WINDOWS), (NgccPhat, NGCC_WINDOWS)])
def test_windows_that_vote_are_heard_as_if_alone(audio, model, count):
    heard = audio.numpy()[:1]
    method = model()
    together = method.predict(StereoBatch(heard, [""], 16_000, 1024, 1, 128))
    places = range(0, 128, 128 // count)
    alone = [method.predict(StereoBatch(heard[..., k : k + 1024], [""], 16_000, 1024, 1, 1)) for k in places]
    assert len(alone) == count
    assert 16_000 * together == pytest.approx(16_000 * np.mean(alone, axis=0), abs=1e-5)


def test_a_clip_and_its_mirror_image_share_their_features(audio, monkeypatch):
    heard, features = [], direct_sound.features_of
    monkeypatch.setattr(direct_sound, "features_of", lambda clips: heard.append(len(clips)) or features(clips))
    network = WhenceDelay()._network
    with torch.inference_mode():
        found = network.mirrored(audio)
        assert heard == [2]
        apart = (network(audio) + network(audio.flip(1)).flip(-1)) / 2
    np.testing.assert_allclose(found, apart, atol=2e-5 * float(apart.abs().max()))
