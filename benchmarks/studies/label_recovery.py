"""How much of the public labels a team can work out from the scores that a board shows it, within its quota.

Simulates a sealed set of delays, its board and attackers, who choose each submission by what the board showed of those
before: linear equations, thresholds, blocks (hill climbing) and boosting (Blum and Hardt 2015). Prints the mean
absolute error of the recovered labels of the public half in per cent of that of answering zero: 100 is nothing learnt.
Each attack is given the scale that suits it best, which it cannot know.

    python -m whence.benchmarks.studies.label_recovery --clips 1000 --submissions 150 --teams 1
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from ...leaderboard.sealing.labels_file import SealedLabels
from ...leaderboard.standing.ladder import REACH, step_of
from ...leaderboard.standing.record import BoardInfo, EntryInfo, Phase
from ...leaderboard.standing.scoring import Reduced, reduce_submission
from ...leaderboard.standing.standing import standing_of_reduced
from ...leaderboard.submission.file import Rows, Submission
from ...script import run_script
from ..display.text_table import TextTable, markdown
from ..questions.metrics import Metric
from ..scoring.statistics import Clusters, Estimate, Interval, estimate
from ..speed.made_up_board import sealed_labels, submission

Float64 = npt.NDArray[np.float64]
SPEAKERS = 40
LARGEST = 1.0
"""Seconds of the longest delay that a board takes."""
LOUD = 1e-3
"""Seconds beyond all delays of the set: |answer - truth| is linear in the truth there."""
AMPLITUDES = (0.1, 0.5)
"""Of boosting and blocks, in standard deviations of the truth; the best counts."""
SPREAD = 6e-4 / 3**0.5
"""Standard deviation of the truth, s."""
EDGE = 0.5
"""Standard deviations of a sum of labels at which an attack by thresholds puts its questions."""


@dataclass(frozen=True)
class Shown:
    """What a board shows after a submission: `values` in ms, by condition or one over all, and their step.

    `is_own`: they are of this submission rather than of an earlier one.
    """

    values: Float64
    step: float
    is_own: bool


@dataclass
class Board:
    """A board in a phase, as a team sees it: `submit` takes answers (conditions, samples of the public half), s."""

    sealed: SealedLabels
    phase: Phase
    _sent: dict[str, Reduced] = field(default_factory=dict)
    _entries: dict[str, EntryInfo] = field(default_factory=dict)
    _estimates: dict[bytes, Estimate] = field(default_factory=dict)

    @property
    def public(self) -> npt.NDArray[np.intp]:
        """The places of the public samples among the labels."""
        return np.flatnonzero(self.sealed.half == "public")

    @property
    def conditions(self) -> int:
        """How many conditions there are."""
        return len(self.sealed.conditions)

    def submit(self, answers: Float64) -> Shown:
        """Return what is shown once the submission of `answers` is scored."""
        key, known = f"entry{len(self._entries)}", self._sent if self.phase == "open" else {}
        sent = {**known, key: self._reduced(answers)}
        self._entries[key] = EntryInfo("attacker", "2026-01-01T00:00:00Z")
        self._sent = sent
        info = BoardInfo("delays", "Delays", self.phase)
        table = standing_of_reduced(info, self.sealed, sent, self._entries, "public", self._estimated)
        rows = [row for row in table.rows if (row.method, row.metric) == (key, table.metric.name)]
        whole = [row for row in rows if "rt60_nominal" not in row.condition]
        own = whole or [row for row in table.overall if row.method == key]
        best = own or [next(row for row in table.overall if row.method == table.ranked[0])]
        step = (best[0].ci_high - best[0].value) / REACH if table.is_open else 0.0
        return Shown(np.array([row.value for row in best]), step, bool(own))

    def _reduced(self, answers: Float64) -> Reduced:
        """Return the terms of `answers` for the public half; the rest is answered by zero."""
        full = np.zeros((self.conditions, len(self.sealed.labels)))
        full[:, self.public] = answers
        under = np.repeat(np.arange(self.conditions, dtype=np.int32), full.shape[1])
        rows = Rows(under, np.tile(self.sealed.labels.sample_id, self.conditions), full.ravel())
        return reduce_submission(self.sealed, Submission(submission(self.sealed, 0).header, [rows]))

    def _estimated(self, metric: Metric, terms: Float64, clusters: Clusters) -> Estimate:
        """Return an estimate, resampled once for the same terms; without resamples where the scores are exact."""
        if self.phase == "closed":
            return Estimate(metric.summarise(terms), np.zeros(2), clusters.count)
        key = terms.tobytes()
        if key not in self._estimates:
            self._estimates[key] = estimate(metric, terms, clusters)
        return self._estimates[key]


def signs(rng: np.random.Generator, *shape: int) -> Float64:
    """Return random signs."""
    return np.asarray(rng.choice([-1.0, 1.0], shape))


def equations(boards: Sequence[Board], count: int, rng: np.random.Generator) -> Float64:
    """Return the least-squares solution of what the scores say of sums of labels.

    Every submission answers a random sign times a delay beyond all others. Where scores are rounded and only a new best
    is shown, that delay shrinks from the largest one on, so that every submission is one.
    """
    weights, sums, variances = [], [], []
    for board in boards:
        samples = len(board.public)
        first = board.submit(np.full((board.conditions, samples), LARGEST))
        exact = first.step == 0
        loud = LOUD if exact else 1e-3 * _just_better(float(first.values[0]), samples)
        for _ in range(count - 1):
            own = signs(rng, board.conditions if exact else 1, samples)
            shown = board.submit(np.broadcast_to(loud * own, (board.conditions, samples)))
            weights += list(own)
            sums += list(samples * (loud - 1e-3 * shown.values))
            variances += [max(samples * 1e-3 * shown.step, 1e-9) ** 2 / 12] * len(own)
            loud = loud if exact else 1e-3 * (_just_better(float(shown.values[0]), samples) - shown.step)
            if loud < LOUD:
                break
    return _solved(np.array(weights), np.array(sums), np.array(variances))


def thresholds(boards: Sequence[Board], count: int, rng: np.random.Generator) -> Float64:
    """Return what yes and no tell: each submission is a new best if a random sum of labels is large enough.

    The delay answered lies just so that half a standard deviation of that sum decides, whatever the step is.
    """
    weights, found = [], []
    yes, no = norm.pdf(EDGE) / norm.sf(EDGE), -norm.pdf(EDGE) / norm.cdf(EDGE)
    for board in boards:
        samples = len(board.public)
        shown = board.submit(np.full((board.conditions, samples), LARGEST))
        best = float(shown.values[0])
        for _ in range(count - 1):
            loud = 1e-3 * _just_better(best, samples) + EDGE * SPREAD / np.sqrt(samples)
            if loud < LOUD:
                break
            own = signs(rng, samples)
            shown = board.submit(np.broadcast_to(loud * own, (board.conditions, samples)))
            weights.append(own)
            found.append(yes if shown.is_own else no)
            best = float(shown.values[0])
    sums = np.array(found) * SPREAD * np.sqrt(len(weights[0]))
    return _solved(np.array(weights), sums, np.full(len(sums), 0.6 * len(weights[0]) * SPREAD**2))


def _just_better(best: float, samples: int) -> float:
    """Return the largest score, in ms, that beats `best` by its step: anybody can work it out."""
    steps = (first * 10.0**power for power in range(-6, 4) for first in (1, 2, 5))
    values = (best - step for step in steps if _step(best - step, samples) <= step * (1 + 1e-9))
    return next(values)


def _step(value: float, samples: int) -> float:
    """Return the step of a score whose terms hardly differ."""
    return step_of(Interval(value, value, value), 0.0, samples)


def _solved(weights: Float64, sums: Float64, variances: Float64) -> Float64:
    """Return the likeliest labels: `sums` (n,) are theirs with `weights` (n, samples), up to errors of `variances`."""
    gram = SPREAD**2 * weights @ weights.T + np.diag(variances)
    return np.asarray(SPREAD**2 * weights.T @ np.linalg.solve(gram, sums))


def boosting(boards: Sequence[Board], count: int, rng: np.random.Generator, amplitude: float) -> Float64:
    """Return the sum of those random answers that were shown to be better than the ones before."""
    return _climbing(boards, count, rng, amplitude, len(boards[0].public))


def blocks(boards: Sequence[Board], count: int, rng: np.random.Generator, amplitude: float) -> Float64:
    """Return where hill climbing leads that changes a twentieth of the answers at a time."""
    return _climbing(boards, count, rng, amplitude, max(1, len(boards[0].public) // 20))


def _climbing(boards: Sequence[Board], count: int, rng: np.random.Generator, amplitude: float, size: int) -> Float64:
    """Return answers that begin with zero; each time `size` of them change, and stay so if the score gets better."""
    answers = np.zeros(len(boards[0].public))
    for board in boards:
        shape = board.conditions, len(answers)
        best = float(board.submit(np.broadcast_to(answers, shape)).values.mean())
        for _ in range(count - 1):
            changed = answers.copy()
            changed[rng.permutation(len(answers))[:size]] += amplitude * SPREAD * signs(rng, size)
            value = float(board.submit(np.broadcast_to(changed, shape)).values.mean())
            if value < best:
                answers, best = changed, value
    return answers


ATTACKS: dict[str, list[Callable[[Sequence[Board], int, np.random.Generator], Float64]]] = {
    "equations": [equations],
    "thresholds": [thresholds],
    "boosting": [partial(boosting, amplitude=amplitude) for amplitude in AMPLITUDES],
    "blocks": [partial(blocks, amplitude=amplitude) for amplitude in AMPLITUDES],
}


def error_left(guess: Float64, truth: Float64) -> float:
    """Return the mean absolute error of `guess` (n,), scaled at best, in parts of that of zero.

    >>> error_left(np.array([2.0, -4.0]), np.array([1.0, -2.0])), error_left(np.zeros(2), np.ones(2))
    (0.0, 1.0)
    """
    size = np.abs(guess).mean()
    scaled = guess * np.abs(truth).mean() / size if size else guess
    scales = np.linspace(0, 2, 201)
    return float(np.abs(scales[:, None] * scaled - truth).mean(axis=1).min() / np.abs(truth).mean())


def recovered(name: str, sealed: SealedLabels, phase: Phase, count: int, teams: int = 1) -> float:
    """Return the error left by the attack `name` with `count` submissions of each team; the best of its kinds.

    While the phase is open, teams climb apart from each other, so each has a board.
    """
    truth = sealed.labels.truth[sealed.half == "public"]
    boards = ([Board(sealed, phase) for _ in range(teams)] for _ in ATTACKS[name])
    runs = zip(ATTACKS[name], boards, strict=True)
    return min(error_left(attack(some, count, np.random.default_rng(0)), truth) for attack, some in runs)


def main(arguments: Sequence[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=1000, help="of the set, about half of them public")
    parser.add_argument("--submissions", type=int, default=150, help="of a team: 5 a day make 150 a month")
    parser.add_argument("--teams", type=int, default=1, help="that the attacker has")
    options = parser.parse_args(arguments)
    sealed = sealed_labels(options.clips, speakers=SPEAKERS)
    phases: tuple[Phase, ...] = ("open", "closed")
    found = {
        name: [recovered(name, sealed, phase, options.submissions, options.teams) for phase in phases]
        for name in ATTACKS
    }
    rows = [[name, *(f"{100 * error:.0f}" for error in errors)] for name, errors in found.items()]
    title = (
        f"Error left (%) after {options.submissions} submissions by each of {options.teams} teams, "
        f"{np.sum(sealed.half == 'public')} of {options.clips} clips public"
    )
    print(markdown(TextTable(title, ["attack", "open: rounded scores", "exact scores by condition"], rows)))
    return 0


if __name__ == "__main__":
    run_script(main)
