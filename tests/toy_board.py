"""A real standing of a made-up track, for the tests of boards: simulated predictions, scored as any others are.

`example_standing()` has four entries: "deaf" answers like chance, "good" and "twin" are equally good within noise and
share a rank, "bad" is worse than chance.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from whence.benchmarks.questions.labels import Labels
from whence.benchmarks.stimuli.stereo.condition import StereoCondition
from whence.leaderboard.sealing.labels_file import SealedLabels
from whence.leaderboard.standing.record import BoardInfo, EntryInfo, Half, Phase, Standing
from whence.leaderboard.standing.standing import standing_of
from whence.leaderboard.submission.card import Card
from whence.leaderboard.submission.expectation import Expectation, placed_rows
from whence.leaderboard.submission.file import Rows, Submission, header

SAMPLES = 240
SPEAKERS = 12
CONDITIONS = [StereoCondition(snr_db=snr).stated() for snr in (30.0, 10.0, -10.0)]
FINGERPRINT = "ab" * 32


def toy_labels(samples: int = SAMPLES, seed: int = 3) -> SealedLabels:
    """Delays of up to 0.7 ms by 12 speakers in rooms of two RT60, half of the speakers public."""
    rng = np.random.default_rng(seed)
    speaker = np.arange(samples) % SPEAKERS
    labels = Labels(
        rows=np.arange(samples),
        sample_id=np.array([f"s{name:06d}" for name in rng.permutation(samples)], dtype=object),
        truth=rng.uniform(-7e-4, 7e-4, samples),
        clusters=np.array([f"speaker{k}" for k in speaker], dtype=object),
        groups={"rt60_nominal": np.where(np.arange(samples) // SPEAKERS % 2, 0.1, 0.5)},
    )
    return SealedLabels(
        track="tde",
        fingerprint=FINGERPRINT,
        labels=labels,
        source_sample_id=np.array([f"clip{k:04d}" for k in range(samples)], dtype=object),
        half=np.where(speaker % 2, "private", "public").astype(object),
        conditions=CONDITIONS,
        source={"name": "tde", "fingerprint": "cd" * 32, "split": None, "published": ["TDE-Simulation"]},
        salt="ef" * 32,
    )


def toy_card(name: str) -> Card:
    """A card with every field filled."""
    return Card(
        name=name,
        authors="Ada Lovelace, Charles Babbage",
        training_data="none",
        paper="https://example.org/paper",
        code="https://example.org/code",
        commit="0123abc",
        hardware="one core",
        description=f"The method {name}.",
    )


def toy_submission(expectation: Expectation, values: np.ndarray, name: str = "mine") -> Submission:
    """The predictions `values` (conditions, samples, *shape), in the order of `expectation`, as a submission."""
    conditions, samples, *shape = values.shape
    about = header(
        track=expectation.track,
        fingerprint=expectation.fingerprint,
        conditions=[dict(condition) for condition in expectation.conditions],
        method=name,
        version="1",
        parameters={"votes": 128, "protocol": "best"},
        seconds_per_sample=[0.001 * (k + 1) for k in range(conditions)],
        card=toy_card(name),
    )
    names = np.array(list(expectation.sample_ids) * conditions, dtype=object)
    under = np.repeat(np.arange(conditions, dtype=np.int32), samples)
    return Submission(about, [Rows(under, names, values.reshape(-1, *shape))])


def all_rows(submission: Submission) -> Rows:
    """All rows of a submission, wherever they lie."""
    pieces = list(submission.pieces)
    columns = ([getattr(piece, name) for piece in pieces] for name in ("condition", "sample_id", "answers"))
    return Rows(*map(np.concatenate, columns))


def with_rows(submission: Submission, **columns: Any) -> Submission:
    """The same submission with other columns."""
    return Submission(submission.header, [replace(all_rows(submission), **columns)])


def placed(submission: Submission, expectation: Expectation) -> np.ndarray:
    """The predictions (conditions, samples, *shape) of a submission in the order of `expectation`."""
    shape = len(expectation.conditions), len(expectation.sample_ids), *expectation.answer.shape
    values = np.full(shape, np.nan)
    for rows in placed_rows(submission, expectation):
        values[rows.condition, rows.sample] = rows.answers
    return values


def toy_submissions(sealed: SealedLabels, seed: int = 5) -> dict[str, Submission]:
    """Four submissions by key: deaf, good, twin and bad."""
    rng = np.random.default_rng(seed)
    truth = np.tile(sealed.labels.truth, (len(sealed.conditions), 1))
    noise = np.array([0.3, 0.6, 2.0])[: len(sealed.conditions), None] * 1e-4
    values = {
        "deaf": np.zeros_like(truth),
        "good": truth + noise * rng.standard_normal(truth.shape),
        "twin": truth + noise * rng.standard_normal(truth.shape),
        "bad": -truth + noise * rng.standard_normal(truth.shape),
    }
    expectation = sealed.expectation
    return {key: toy_submission(expectation, predicted, key) for key, predicted in values.items()}


def toy_entries(submissions: Mapping[str, Submission]) -> dict[str, EntryInfo]:
    """Who sent them: "deaf" is a baseline of the host, the others come from two teams."""
    teams = {"deaf": "host", "good": "team-a", "twin": "team-b", "bad": "team-a"}
    return {
        key: EntryInfo(
            teams.get(key, "team-a"), f"2026-01-0{k + 1}T12:00:00Z", "baseline" if key == "deaf" else "submission"
        )
        for k, key in enumerate(submissions)
    }


def example_standing(half: Half = "public", slug: str = "toy-delays", phase: Phase = "closed") -> Standing:
    """The standing of the four toy submissions: everything, unless the phase is open."""
    sealed = toy_labels()
    submissions = toy_submissions(sealed)
    return standing_of(BoardInfo(slug, "Toy delays", phase), sealed, submissions, toy_entries(submissions), half)
