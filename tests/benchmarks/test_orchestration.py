"""The arithmetic of the orchestration comparison, and that every peer is asked for something it can be given."""

from pathlib import Path

import pytest

from benchmarks.orchestration import COUNTS, SLOTS, growth_jobs, growth_table, peer_jobs, peers_table
from benchmarks.orchestration_peers import PEERS
from benchmarks.orchestration_run import Figures, figures, middle, read_spans
from benchmarks.orchestration_work import work


def run(useful: float) -> Figures:
    return Figures(noted=12, candidates=10, startup_seconds=1.0, wall_seconds=10.0, useful_seconds=useful, slots=2)


def test_useful_time_is_what_was_slept_of_what_the_slots_were_there_for() -> None:
    found = figures([[(12.0, 13.0), (13.0, 14.5)], [(12.5, 13.5), (14.0, 15.0)]], called=10.0, slots=2)
    assert found.startup_seconds == 2.5
    assert found.wall_seconds == 2.5
    assert found.useful_seconds == 0.5 + 1.5 + 1.0 + 1.0
    assert found.share == pytest.approx(4 / 5)
    assert found.overhead_ms == pytest.approx(1e3 * 1 / 4)
    assert found.per_second == pytest.approx(4 / 2.5)


def test_what_ended_before_every_slot_had_begun_does_not_count() -> None:
    found = figures([[(1.0, 2.0), (2.0, 3.0), (3.0, 5.0)], [(4.0, 5.0)]], called=0.0, slots=2)
    assert (found.noted, found.candidates) == (4, 2)
    assert (found.wall_seconds, found.useful_seconds) == (1.0, 2.0)


def test_an_idle_slot_is_paid_for() -> None:
    assert figures([[(1.0, 2.0), (2.0, 3.0)]], called=0.0, slots=2).share == pytest.approx(0.5)


def test_the_notes_are_what_was_slept(tmp_path: Path) -> None:
    work(0.02, tmp_path)
    work(0.01, tmp_path)
    ((first, second),) = read_spans(tmp_path)
    assert first[1] <= second[0]
    assert first[1] - first[0] >= 0.02


def test_the_middle_of_runs_is_one_of_them() -> None:
    assert middle([run(19.0), run(5.0), run(18.0)]) == run(18.0)
    assert middle([run(19.0), run(18.0)]) == run(18.0)


def test_every_peer_meets_every_length_of_work_and_is_a_line_of_the_table() -> None:
    jobs = peer_jobs(3, quick=False)
    assert {(job.peer, job.load.seconds) for job in jobs} == {(peer, each) for peer in PEERS for each in COUNTS}
    assert all(job.load.candidates % SLOTS == 0 for job in jobs), "else the last one runs alone"
    assert peers_table({job: [run(18.0)] * 3 for job in jobs}, 3).row_count == len(jobs)
    assert peers_table({job: [] for job in jobs}, 3).row_count == len(jobs), "a peer that ran nothing is a line, too"


def test_growth_asks_at_one_rate_whatever_the_workers() -> None:
    jobs = growth_jobs(quick=False)
    assert {job.load.slots / job.load.seconds for job in jobs} == {40.0}
    assert growth_table({job: [run(18.0)] for job in jobs}).row_count == len(jobs)
