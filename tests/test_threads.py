"""Threads: one policy for every library, right for any number of cores, that ends as it began and obeys the user."""

import os
import sys
import threading
from contextlib import suppress
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import scipy.linalg  # noqa: F401 - its BLAS is limited too
from threadpoolctl import threadpool_info, threadpool_limits

from whence import gcc_phat, threads
from whence.baselines import spectra
from whence.benchmarks.report import page, paper_table
from whence.benchmarks.running import run, shared_work
from whence.benchmarks.running.method import load_methods
from whence.benchmarks.running.shared_work import once, spared_seconds
from whence.benchmarks.scoring import compare
from whence.benchmarks.stimuli.stereo.batch import StereoBatch
from whence.datagen import pipeline
from whence.leaderboard.standing import standing
from whence.threads import map_threads, single_threaded, thread_count, thread_policy

FAMILY = ("gcc-phat", "gcc-phat:votes=mode", "gcc-phat:protocol=best", "scot", "roth", "flat", "ml", "beta")


def blas_threads() -> set[int]:
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def three_threads(monkeypatch):
    """Every BLAS has three threads, the user has chosen nothing, and there are 64 cores."""
    for name in (*threads.ONE_THREAD, *sum(threads.BLAS_VARIABLES.values(), ())):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(threads, "allowed_cores", lambda: 64)
    monkeypatch.setattr(threads, "_LATE", ("scipy.linalg", "torch", "cv2"))  # numba's threads are launched once
    with threadpool_limits(3, user_api="blas"):
        yield


def library(count: int, chosen: list[int]) -> SimpleNamespace:
    """A torch that has `count` threads and notes what it is told."""
    return SimpleNamespace(get_num_threads=lambda: chosen[-1] if chosen else count, set_num_threads=chosen.append)


class TestPolicy:
    def test_blas_has_one_thread_inside_and_as_many_as_before_afterwards(self):
        environment = dict(os.environ)
        with suppress(KeyError), thread_policy():
            assert blas_threads() == {1}
            assert dict(os.environ) == environment
            raise KeyError
        assert blas_threads() == {3}

    @pytest.mark.parametrize("variable", ["OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS"])
    def test_who_chooses_the_threads_of_blas_gets_them(self, monkeypatch, variable):
        monkeypatch.setenv(variable, "3")
        with thread_policy():
            assert blas_threads() == {3}
        with single_threaded():  # rendered bytes may depend on it
            assert blas_threads() == {1}

    @pytest.mark.parametrize(
        ("cores", "given", "used"), [(2, 64, [2, 64]), (16, 64, [16, 64]), (64, 64, []), (64, 32, []), (16, 1, [])]
    )
    def test_torch_gets_the_cores_allowed_and_never_more_than_it_had(self, monkeypatch, cores, given, used):
        chosen: list[int] = []
        monkeypatch.setattr(threads, "allowed_cores", lambda: cores)
        monkeypatch.setitem(sys.modules, "torch", library(given, chosen))
        with thread_policy():
            pass
        assert chosen == used

    def test_what_is_loaded_inside_is_included_by_the_next_block(self, monkeypatch):
        chosen: list[int] = []
        monkeypatch.setattr(threads, "allowed_cores", lambda: 2)
        monkeypatch.delitem(sys.modules, "torch", raising=False)
        with thread_policy():
            monkeypatch.setitem(sys.modules, "torch", library(8, chosen))
            for _ in range(2):
                with thread_policy():
                    assert chosen == [2]
            assert blas_threads() == {1}
        assert chosen == [2, 8]
        assert blas_threads() == {3}

    def test_opencv(self, monkeypatch):
        before = cv2.getNumThreads()
        try:
            cv2.setNumThreads(5)
            monkeypatch.setenv("OMP_NUM_THREADS", "2")
            with thread_policy():
                assert cv2.getNumThreads() == 2
            assert cv2.getNumThreads() == 5
        finally:
            cv2.setNumThreads(before)

    @pytest.mark.parametrize("block", [thread_policy, single_threaded])
    def test_the_last_of_several_threads_out_restores(self, block):
        entered, leave = threading.Event(), threading.Event()

        def other():
            with block():
                entered.set()
                leave.wait()
                seen.append(blas_threads())

        seen: list[set[int]] = []
        with block():
            thread = threading.Thread(target=other)
            thread.start()
            entered.wait()
        assert blas_threads() == {1}
        leave.set()
        thread.join()
        assert seen == [{1}]
        assert blas_threads() == {3}

    def test_a_shard_is_rendered_and_verified_with_one(self, monkeypatch):
        seen = []
        layout = SimpleNamespace(rows_of=lambda shard: [0], fields=[])
        plan = SimpleNamespace(layout=layout, render=lambda row: seen.append(blas_threads()))
        monkeypatch.setattr(pipeline.shards, "write_shard", lambda *_: None)
        pipeline.render_shard(plan, "", 0)
        pipeline.rerender_differences(plan, None, [0])
        assert seen == [{1}, {1}]

    def test_functions_of_the_package_keep_it(self, monkeypatch):
        seen = []
        true = spectra._first_spectra
        monkeypatch.setattr(spectra, "_first_spectra", lambda *given: seen.append(blas_threads()) or true(*given))
        left, right = np.random.default_rng(0).standard_normal((2, 400))
        gcc_phat(left, right, 16_000)
        assert seen == [{1}]
        assert blas_threads() == {3}

    @pytest.mark.parametrize(
        ("module", "called", "inner"),
        [
            (compare, "comparisons", "check_comparable"),
            (paper_table, "paper_table", "check_comparable"),
            (run, "open_run", "read_listing"),
            (page, "write_report", "clear_figures"),
            (standing, "standing_of", "reduce_all"),
        ],
    )
    def test_scores_tables_and_reports_keep_it(self, monkeypatch, tmp_path, module, called, inner):
        def look(*_):
            seen.append(blas_threads())
            raise KeyError

        seen: list[set[int]] = []
        monkeypatch.setattr(module, inner, look)
        given = {"write_report": [SimpleNamespace(folder=tmp_path)], "standing_of": [None] * 5}.get(called, [[None]])
        with pytest.raises(KeyError):
            getattr(module, called)(*given)
        assert seen == [{1}]
        assert blas_threads() == {3}


@pytest.mark.parametrize("cores", [1, 2, 16, 64])
@pytest.mark.parametrize(
    ("chosen", "count"), [("3", 3), (" 4,2", 4), ("100", 100), ("", 0), ("0", 0), ("-1", 0), ("many", 0), ("2.5", 0)]
)
def test_the_users_number_wins_if_it_is_one(monkeypatch, cores, chosen, count):
    monkeypatch.setattr(threads, "allowed_cores", lambda: cores)
    monkeypatch.setenv("OMP_NUM_THREADS", chosen)
    assert thread_count() == (count or cores)


@pytest.mark.parametrize(("cores", "most"), [(1, 1), (2, 2), (16, 16), (64, 16)])
def test_pieces_are_shared_out_in_order(monkeypatch, cores, most):
    monkeypatch.setattr(threads, "allowed_cores", lambda: cores)
    met = threading.Barrier(most)
    names = set()

    def task(piece):
        if piece < most:
            met.wait(timeout=20)  # as many at once as there are threads
        names.add(threading.current_thread().name)
        return piece**2

    assert map_threads(task, range(40)) == [k**2 for k in range(40)]
    assert len(names) == most
    assert map_threads(task, []) == []
    with pytest.raises(ZeroDivisionError):
        map_threads(lambda k: 1 / k, [1, 0])


def noisy(clips: int, window: int, hop: int, votes: int) -> StereoBatch:
    audio = np.random.default_rng(clips).standard_normal((clips, 2, window + hop * (votes - 1)), dtype=np.float32)
    audio[:, 1, 5:] += audio[:, 0, :-5]
    return StereoBatch(audio, [str(k) for k in range(clips)], 16_000, window, hop, votes)


@pytest.mark.parametrize("windows", [(1024, 1, 12), (256, 60, 9)])
def test_answers_depend_neither_on_threads_nor_on_company(monkeypatch, windows):
    batch = noisy(7, *windows)
    monkeypatch.setattr(spectra, "SAMPLES_AT_ONCE", 3 * windows[0] * windows[2])
    for one in load_methods(("gcc-phat", "ml", "beta:protocol=best"), "tde", ("paper",)):
        together = one.method.predict(batch)
        alone = [one.method.predict(StereoBatch(clip[None], "x", 16_000, *windows)) for clip in batch.audio]
        np.testing.assert_array_equal(together, np.concatenate(alone))


class TestSharedWork:
    def test_a_family_correlates_once_for_each_exponent(self, monkeypatch):
        batch, asked = noisy(3, 512, 1, 4), []
        methods = load_methods((*FAMILY, "beta:beta=1"), "tde", ("paper",))
        alone = [one.method.predict(batch) for one in methods]
        true = spectra.weighted_cross_spectra
        noted = lambda audio, *windows: asked.append(windows[-1]) or true(audio, *windows)  # noqa: E731
        monkeypatch.setattr("whence.baselines.gcc.weighted_cross_spectra", noted)
        with shared_work.shared_work():
            shared = [one.method.predict(StereoBatch(**vars(batch))) for one in methods]
        assert sorted(asked) == [0, 0, 0, 0, 0.7, 1]  # SCOT, Roth and ML weigh clip by clip
        np.testing.assert_array_equal(shared, alone)

    def test_another_sound_another_question_and_another_batch_are_computed(self):
        sound, calls = np.arange(4.0), []

        def ask(key, given):
            return once(key, given, lambda: calls.append(key) or given * key)

        with shared_work.shared_work():
            for key, given in ((2, sound), (2, sound.copy()), (3, sound), (2, sound[::-1]), (3, sound)):
                np.testing.assert_array_equal(ask(key, given), given * key)
            assert calls == [2, 3, 2]
            sound[0] = 9  # a method that changes its input gets no stale answer
            assert ask(2, sound)[0] == 18
            with pytest.raises(ValueError, match="read-only"):
                ask(2, sound)[0] = 0
        for _ in range(2):  # nothing is kept without a batch
            ask(2, sound)
        assert calls == [2, 3, 2, 2, 2, 2]

    def test_the_time_that_sharing_spares_is_counted(self, monkeypatch):
        clock = iter([10.0, 17.0])
        monkeypatch.setattr(shared_work.time, "perf_counter", lambda: next(clock))
        with shared_work.shared_work():
            once("a", np.ones(2), lambda: np.ones(1))
            assert spared_seconds() == 0
            for spared in (7, 14):
                once("a", np.ones(2), lambda: np.ones(1))
                assert spared_seconds() == spared
        assert spared_seconds() == 0
