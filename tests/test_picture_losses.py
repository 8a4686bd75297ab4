"""Losses of the localizers against values worked out by hand, and the networks' shapes and symmetries."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from whence.errors import InputError  # noqa: E402
from whence.models.networks.localizer import Attended, attention, cosines, own_pairs  # noqa: E402
from whence.models.networks.sound_stream import (  # noqa: E402
    SpectrogramStream,
    WaveformStream,
    levelled,
    log_mel,
    mel_filters,
)
from whence.models.networks.visual_stream import VisualStream  # noqa: E402
from whence.models.picture.attention import (  # noqa: E402
    Attention,
    AttentionRecipe,
    distance_ratio_loss,
    supervised_loss,
    triplet_loss,
)
from whence.models.picture.contrast import (  # noqa: E402
    PUBLISHED,
    Sharpness,
    among_sounds,
    both_ways,
    false_negative_loss,
    joint_log_probability,
    likeness_loss,
    matches,
    multiple_instance_loss,
    tri_map_loss,
)
from whence.models.picture.contrastive import (  # noqa: E402
    Contrastive,
    ContrastiveRecipe,
    random_turns,
    turned,
)
from whence.models.training.recipe import recipe_from  # noqa: E402

TINY = ["rows=32", "columns=48"]


# Attention


@pytest.mark.parametrize("mechanism", ["softmax", "relu"])
def test_attention_adds_up_to_one_and_follows_the_formula(mechanism):
    similarity = torch.tensor([[[[0.5, -1.0], [0.0, 1.0]]]])
    weights = attention(similarity, mechanism)
    assert float(weights.sum()) == pytest.approx(1.0)
    seen = [0.5, -1.0 if mechanism == "softmax" else 0.0, 0.0, 1.0]
    expected = np.exp(seen) / np.exp(seen).sum()
    np.testing.assert_allclose(weights.flatten(), expected, rtol=1e-6)


def test_published_attention_cannot_be_peaked():
    similarity = torch.full((1, 1, 20, 20), -1.0)
    similarity[0, 0, 3, 4] = 1.0
    largest = [float(attention(similarity, mechanism).max()) for mechanism in ("softmax", "relu")]
    assert largest == pytest.approx([math.e**2 / (math.e**2 + 399), math.e / (math.e + 399)], rel=1e-5)  # 0.018, 0.0068


def test_equal_distances_cost_a_half_and_a_far_negative_nothing():
    assert float(distance_ratio_loss(torch.tensor(2.0), torch.tensor(2.0))) == pytest.approx(0.5)
    own, other = 1.0, 2.0
    ratio = math.exp(own) / (math.exp(own) + math.exp(other))
    expected = ratio**2 + (1 - ratio - 1) ** 2
    assert float(distance_ratio_loss(torch.tensor(own), torch.tensor(other))) == pytest.approx(expected)
    assert float(distance_ratio_loss(torch.tensor(0.0), torch.tensor(50.0))) < 1e-12


@pytest.mark.parametrize("negatives", ["one", "sounds", "both"])
def test_a_triplet_compares_with_other_pictures_only(negatives):
    heard = torch.tensor([[0.0], [0.0], [3.0], [3.0]])  # two pictures of two sounds each
    seen = torch.zeros(2, 4, 1)
    seen[1] = 3.0
    made = Attended(torch.zeros(2, 4, 1, 1), seen, heard)
    expected = 2 / (1 + math.exp(3)) ** 2  # own at 0, all others at 3
    own_only = torch.tensor([[True, True, False, False], [False, False, True, True]])
    assert float(triplet_loss(made, own_only, negatives)) == pytest.approx(expected, rel=1e-4)
    seen[0] = torch.tensor([[0.0], [0.0], [9.0], [9.0]])  # a picture that holds a like sound is no negative either
    heard[0:2] = 0.0
    alike = torch.tensor([[True, True, True, False], [True, False, True, True]])
    assert 0 < float(triplet_loss(made, alike, negatives)) < 0.5
    assert float(triplet_loss(made, torch.ones_like(alike), negatives)) == 0.0


def test_a_vector_that_only_repeats_its_sound_is_caught_by_other_pictures():
    heard = torch.tensor([[0.0], [3.0]])
    repeats = heard[None, :, :].expand(2, 2, 1)  # whatever the picture, the sound
    made = Attended(torch.zeros(2, 2, 1, 1), repeats, heard)
    cheated = 2 / (1 + math.exp(3)) ** 2
    alike = torch.eye(2, dtype=torch.bool)
    assert float(triplet_loss(made, alike, "sounds")) == pytest.approx(cheated, rel=1e-4)
    assert float(triplet_loss(made, alike, "both")) == pytest.approx((cheated + 0.5) / 2, rel=1e-4)


def test_the_supervised_loss_is_least_at_the_true_map():
    target = torch.zeros(1, 1, 2, 3)
    target[0, 0, 0, :2] = 1.0
    annotated = torch.tensor([True])

    def loss(weights):
        return float(supervised_loss(weights.log(), target, annotated, False))

    best = torch.full((1, 1, 2, 3), 1e-6)
    best[0, 0, 0, :2] = 0.5
    assert loss(best) == pytest.approx(math.log(2), rel=1e-5)
    for seed in range(20):
        weights = torch.rand(1, 1, 2, 3, generator=torch.Generator().manual_seed(seed)) + 1e-3
        assert loss(weights / weights.sum()) > loss(best)


def test_the_published_supervised_loss_weighs_large_objects_more_and_skips_what_is_not_annotated():
    log_weights = torch.full((2, 1, 2, 2), 0.25).log()
    target = torch.zeros(2, 1, 2, 2)
    target[0], target[1, 0, 0, 0] = 1.0, 1.0
    both, first = torch.tensor([True, True]), torch.tensor([True, False])
    assert float(supervised_loss(log_weights, target, both, True)) == pytest.approx((4 + 1) * math.log(4) / 2)
    assert float(supervised_loss(log_weights, target, both, False)) == pytest.approx(math.log(4))
    assert float(supervised_loss(log_weights, target, first, False)) == pytest.approx(math.log(4) / 2)
    hidden = torch.zeros(2, 1, 2, 2)  # objects that the new frame cut away
    assert float(supervised_loss(log_weights, hidden, both, False)) == 0.0


def test_own_pairs_are_a_picture_and_its_sounds():
    pairs = torch.arange(3 * 6).reshape(3, 6)
    assert own_pairs(pairs).tolist() == [[0, 1], [8, 9], [16, 17]]


# The field's losses


APART = torch.eye(2, dtype=torch.bool)
"""No picture holds another's sound."""


def test_the_best_cell_decides_in_multiple_instance_learning():
    similarity = torch.tensor([[[[0.01, 0.09]], [[0.02, -0.05]]], [[[0.03, 0.03]], [[-0.1, 0.06]]]])
    best = np.array([[0.09, 0.02], [0.03, 0.06]]) / 0.03
    expected = -np.log([math.exp(best[k, k]) / np.exp(best[k]).sum() for k in range(2)]).mean()
    expected += -np.log([math.exp(best[k, k]) / np.exp(best[:, k]).sum() for k in range(2)]).mean()
    assert float(multiple_instance_loss(similarity, APART, PUBLISHED["multiple-instance"])) == pytest.approx(
        expected, rel=1e-5
    )


def test_all_cells_share_in_a_soft_maximum():
    similarity = torch.tensor([[[[0.1, 0.9]], [[0.2, -0.5]]]])
    expected = [[0.2 * math.log(np.mean(np.exp(np.array(cells) / 0.2))) for cells in ((0.1, 0.9), (0.2, -0.5))]]
    np.testing.assert_allclose(matches(similarity, 0.2), expected, rtol=1e-5)
    torch.testing.assert_close(matches(similarity, 1e-3), matches(similarity, 0.0), rtol=0, atol=1e-3)


def test_a_picture_matches_all_sounds_of_a_group_with_its_own():
    alike = torch.tensor([[True, True, False], [True, True, False], [False, False, True]])
    logits = torch.tensor([[1.0, 3.0, 0.0], [3.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    low, high = math.log(1 + math.exp(-1)), math.log(1 + math.exp(-3))  # each against the one other
    two = math.log(1 + 2 * math.exp(-1))
    expected = (2 * low + 2 * high + two) / 5
    assert float(among_sounds(logits, alike)) == pytest.approx(expected, rel=1e-5)
    assert float(both_ways(logits, alike)) == pytest.approx(2 * expected, rel=1e-5)
    similarity = torch.full((3, 3, 1, 2), -0.9)
    similarity[0, 1] = 0.9  # the first picture holds what the second sounds like
    told, untold = (
        tri_map_loss(similarity, pairs, PUBLISHED["tri-map"]) for pairs in (torch.eye(3, dtype=torch.bool), alike)
    )
    assert float(told) > float(untold) + 1


def test_likeness_asks_of_each_pair_whether_the_picture_holds_the_sound():
    similarity = torch.tensor([[[[0.5, -0.5]], [[0.0, 0.0]]], [[[-0.2, -0.2]], [[0.1, 0.3]]]])
    alike = torch.tensor([[True, False], [True, True]])

    def score(cells):
        return math.log(np.mean(np.exp(np.array(cells) / 0.1))) - 2

    held = [score(cells) for cells in ([0.5, -0.5], [-0.2, -0.2], [0.1, 0.3])]
    expected = (sum(math.log(1 + math.exp(-one)) for one in held) + math.log(1 + math.exp(score([0.0, 0.0])))) / 3
    assert float(likeness_loss(similarity, alike, 0.1)) == pytest.approx(expected, rel=1e-5)


def test_two_sounds_of_one_picture_are_not_told_apart():
    logits = torch.tensor([[2.0, 2.0, 0.0, 0.0], [0.0, 0.0, 2.0, 2.0]])
    among = math.log(1 + 2 * math.exp(-2))  # itself, and the two sounds of the other picture
    alike = APART.repeat_interleave(2, 1)
    assert float(among_sounds(logits, alike)) == pytest.approx(among, rel=1e-5)
    assert float(both_ways(logits, alike)) == pytest.approx(among + math.log(1 + math.exp(-2)), rel=1e-5)


def test_a_tri_map_leaves_out_the_cells_between_its_thresholds():
    # two cells of the object, two outside, one between: own map; the other picture's sound matches nothing
    own = [0.9, 0.8, 0.525, 0.3, 0.2]
    similarity = torch.full((2, 2, 1, 5), -0.9)
    similarity[0, 0, 0], similarity[1, 1, 0] = torch.tensor(own), torch.tensor(own)

    def mean(weights, values):
        return float((weights * values).sum() / weights.sum())

    values = np.array(own)
    inside, outside = 1 / (1 + np.exp(-(values - 0.65) / 0.03)), 1 - 1 / (1 + np.exp(-(values - 0.4) / 0.03))
    assert inside[2] < 0.02
    assert outside[2] < 0.02
    logits = np.array([mean(inside, values), -0.9, mean(outside, values)]) / 0.07
    expected = -math.log(math.exp(logits[0]) / np.exp(logits).sum())
    assert float(tri_map_loss(similarity, APART, PUBLISHED["tri-map"])) == pytest.approx(expected, rel=1e-3)


def test_probabilities_over_sounds_and_cells_add_up():
    generator = torch.Generator().manual_seed(0)
    which, where = (torch.rand(2, 3, 2, 2, generator=generator) for _ in range(2))
    found = joint_log_probability(which, where, Sharpness(0.03, 0.1)).exp().numpy()
    by_sound, by_cell = np.exp(which.numpy() / 0.03), np.exp(where.numpy() / 0.1)
    sound, cell = by_sound / by_sound.sum(1, keepdims=True), by_cell / by_cell.sum((2, 3), keepdims=True)
    np.testing.assert_allclose(found, (sound * cell).sum((2, 3)), rtol=1e-5)
    np.testing.assert_allclose(
        joint_log_probability(which, torch.zeros_like(where), PUBLISHED["slavc"]).exp().sum(1), 1.0, rtol=1e-4
    )


def test_soft_targets_cost_nothing_where_matches_resemble_the_sounds():
    vectors = torch.eye(3)
    cells = vectors[:, :, None, None].expand(3, 3, 2, 2).clone()
    cells[:, :, 0, 0] = 0.0  # a cell of the background, so that a foreground exists
    similarity = torch.einsum("nfrc,mf->nmrc", cells, vectors)
    owner, apart = torch.arange(3), torch.eye(3, dtype=torch.bool)
    plain = multiple_instance_loss(similarity, apart, PUBLISHED["fnac"])
    assert float(false_negative_loss(similarity, cells, vectors, owner, apart, PUBLISHED["fnac"]) - plain) < 1e-4
    alike = torch.ones(3, 3) / math.sqrt(3)  # sounds that cannot be told apart, matches that are
    assert float(false_negative_loss(similarity, cells, alike, owner, apart, PUBLISHED["fnac"]) - plain) > 50


def test_a_turned_map_is_the_map_of_the_turned_picture():
    torch.manual_seed(0)
    turn = random_turns(200, torch.device("cpu"))
    scale = turn[:, :, :2].det().abs().sqrt()
    assert set(np.round(scale.numpy(), 4)) == {1.0, 2.0}
    assert bool((turn[:, :, :2].det() < 0).any())
    mirror = torch.tensor([[[-1.0, 0, 0], [0, 1, 0]]])
    picture = torch.arange(12.0).reshape(1, 1, 3, 4)
    assert torch.allclose(turned(picture, mirror), picture.flip(-1), atol=1e-5)


# Networks


@pytest.mark.parametrize(("halved", "cells"), [(True, 2), (False, 2), (True, 3)])
def test_a_stream_of_mirrored_filters_sees_the_mirrored_picture(halved, cells):
    torch.manual_seed(0)
    stream = VisualStream((8, 8, 12, 12), (2, 1, 2, 1), 16, cells, halved).eval()
    picture = torch.rand(2, 3, 32, 48)
    seen = stream(picture)
    for module in stream.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.weight.data = module.weight.data.flip(-1)
    assert torch.allclose(stream(picture.flip(-1)), seen.flip(-1), atol=1e-5)


def test_cells_tile_the_picture_and_vgg_has_its_published_size():
    recipe = recipe_from(AttentionRecipe, "paper")
    stream = recipe.visual_stream
    published = sum(parameter.numel() for parameter in stream.blocks.parameters() if parameter.dim() == 4)
    assert published == 14_710_464  # the convolutions of VGG-16, without biases
    assert recipe.cells == (20, 20)
    small = recipe_from(AttentionRecipe, "small")
    network = Attention.network(small).eval()
    with torch.inference_mode():
        maps = network.maps(torch.rand(1, 3, small.rows, small.columns), torch.rand(1, 3, 16_000))
    assert maps.shape == (1, 3, *small.cells)
    assert small.cells[0] >= 15
    assert sum(parameter.numel() for parameter in network.parameters()) < 2_500_000  # 10 MB


def test_silence_stays_silence_and_loudness_does_not_matter():
    clip = torch.randn(1, 16_000, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(levelled(0.01 * clip), levelled(0.5 * clip))
    assert float(levelled(torch.zeros(1, 100)).abs().max()) == 0.0
    assert float(levelled(1e-6 * clip).square().mean().sqrt()) < 1e-3


def test_a_tone_lights_up_its_band():
    time = torch.arange(16_000) / 16_000
    image = log_mel(torch.sin(2 * math.pi * 1000 * time)[None] * 0.1, mel_filters(), torch.hann_window(512))
    mels = [2595 * math.log10(1 + hertz / 700) for hertz in (50, 1000, 8000)]
    expected = (mels[1] - mels[0]) / (mels[2] - mels[0]) * 65 - 1
    assert abs(int(image.mean(-1).argmax()) - expected) <= 1
    assert bool((mel_filters().sum(0) > 0).all())


@pytest.mark.parametrize("samples", [100, 8000, 48_000])
@pytest.mark.parametrize("stream", [SpectrogramStream((4, 8, 8, 8), 16), WaveformStream(0.05, 16)])
def test_clips_of_any_length_become_vectors(stream, samples):
    assert stream.eval()(torch.rand(2, samples)).shape == (2, 16)


def test_soundnet_has_its_published_filters():
    stream = WaveformStream(1.0, 1000)
    convolutions = [layer for layer in stream.layers if isinstance(layer, torch.nn.Conv1d)]
    assert [one.out_channels for one in convolutions] == [16, 32, 64, 128, 256, 512, 1024, 1000]
    assert [one.kernel_size[0] for one in convolutions] == [64, 32, 16, 8, 4, 4, 4, 8]
    assert isinstance(stream.last, torch.nn.Identity)


def test_cosines_are_those_of_the_vectors():
    cells, sounds = torch.tensor([[[[3.0, 0.0]], [[4.0, 2.0]]]]), torch.tensor([[[0.0, 5.0]]])
    assert cosines(cells, sounds).flatten().tolist() == pytest.approx([0.8, 1.0])


# Losses of whole networks


def pictures(sounds):
    from whence.models.data.sounding import SoundedPictures

    generator = torch.Generator().manual_seed(0)
    image, audio = torch.rand(4, 3, 32, 48, generator=generator), torch.randn(4, sounds, 4000, generator=generator)
    target, alike = (
        torch.rand(4, sounds, 4, 6, generator=generator),
        torch.eye(4, dtype=bool).repeat_interleave(sounds, 1),
    )
    return SoundedPictures(image, audio, target, torch.ones(4, dtype=bool), alike)


@pytest.mark.parametrize("loss", ["tri-map", "multiple-instance", "slavc", "fnac"])
@pytest.mark.parametrize("equivariance", [0, 1])
def test_every_loss_reaches_every_weight(loss, equivariance):
    settings = [f"loss={loss}", f"equivariance={equivariance}", *TINY]
    network = Contrastive.network(recipe_from(ContrastiveRecipe, "tiny", settings))
    Contrastive.loss(network, pictures(1)).backward()
    without = [name for name, one in network.named_parameters() if one.requires_grad and one.grad is None]
    assert without == []


def test_fnac_hears_one_sound_of_a_picture():
    """With two of them, the soft targets would ask for less than a match with either."""
    assert recipe_from(ContrastiveRecipe, "small", ["loss=fnac"]).sounds == 1
    assert recipe_from(ContrastiveRecipe, "small", []).sounds == 2
    with pytest.raises(InputError, match="loss=fnac compares each picture with one sound: give sounds=1"):
        recipe_from(ContrastiveRecipe, "small", ["loss=fnac", "sounds=2"])


@pytest.mark.parametrize(("steps", "share"), [(22_500, 1e-3), (450, 0.05)])
def test_the_slow_network_follows_by_a_thousandth_a_step_or_faster_in_a_short_training(steps, share):
    network = Contrastive.network(recipe_from(ContrastiveRecipe, "tiny", ["loss=slavc", f"steps={steps}", *TINY]))
    before = network.slow.of_sounds[0][0].weight.clone()
    with torch.no_grad():
        network.online.of_sounds[0][0].weight += 1.0
    Contrastive.loss(network, pictures(1))
    torch.testing.assert_close(
        network.slow.of_sounds[0][0].weight - before, torch.full_like(before, share), rtol=1e-3, atol=1e-6
    )
    assert not any(one.requires_grad for one in network.slow.parameters())


def test_the_paper_preset_is_as_published():
    paper = recipe_from(ContrastiveRecipe, "paper", ["loss=slavc"])
    assert (paper.groups, paper.sounds, paper.sharpness, paper.steps) == (0, 1, (0.03, 0.03), 22_500)


@pytest.mark.parametrize("hears", ["spectrogram", "waveform"])
def test_the_weight_of_the_losses_without_labels_is_part_of_the_recipe(hears):
    from whence.models.networks.localizer import log_attention

    settings = [f"hears={hears}", "unsupervised=false", *TINY]
    network, batch = Attention.network(recipe_from(AttentionRecipe, "tiny", settings)), pictures(2)
    torch.manual_seed(0)
    alone = Attention.loss(network, batch)
    torch.manual_seed(0)
    made = network(batch.image, batch.audio)
    weights = log_attention(own_pairs(made.similarity), "softmax", 0.1)
    expected = supervised_loss(weights, batch.target, batch.annotated, False)
    torch.testing.assert_close(alone, expected, rtol=1e-3, atol=1e-3)
