"""A seed says which faults come; every kind of every target comes before any comes again."""

from collections import Counter
from itertools import product

from benchmarks.faults_plan import CUTS, LINKS, Kind, Pace, Target, plan

PACE = Pace(between_seconds=2.0, longest_seconds=5.0)
DECK = 2 * (len(Target) - 1) + CUTS


def test_the_same_seed_gives_the_same_faults() -> None:
    assert plan(3, 50, PACE) == plan(3, 50, PACE)
    assert plan(3, 50, PACE) != plan(4, 50, PACE)
    assert plan(3, 50, PACE)[:20] == plan(3, 20, PACE)


def test_a_deck_has_every_fault_once_and_some_cuts() -> None:
    dealt = Counter((each.kind, each.target) for each in plan(0, 2 * DECK, PACE))
    expected = {(Kind.CUT, Target.NETWORK): 2 * CUTS}
    for kind, target in product((Kind.KILL, Kind.FREEZE), set(Target) - {Target.NETWORK}):
        expected[kind, target] = 2
    assert dealt == expected
    assert DECK <= 20, "twenty faults do not hit everything"


def test_faults_keep_the_pace_and_only_a_kill_lasts_no_time() -> None:
    faults = plan(0, 500, PACE)
    assert all(0 <= each.after_seconds <= 4.0 and 0 <= each.luck < 1 for each in faults)
    assert all((each.lasts_seconds == 0) == (each.kind is Kind.KILL) for each in faults)
    assert max(each.lasts_seconds for each in faults) <= 5.0
    assert abs(sum(each.after_seconds for each in faults) / len(faults) - 2.0) < 0.2


def test_only_hosts_that_talk_to_each_other_are_cut_off() -> None:
    assert len(set(LINKS)) == len(LINKS) == 12
    assert ("api-1", "work-1") not in LINKS
