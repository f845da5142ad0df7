"""The facts of a report, read off a search whose every number is known."""

from dataclasses import replace

import pytest

from search.contracts import Failure, Fidelity
from service.domain.records import Status
from service.report.report import Report
from service.report.tested import Role
from tests.service.report.made_source import CHOSEN, FULL, LATER, PROXIES, dropping, made, scored


def test_tested_models_are_the_baselines_then_the_winner_then_the_rest() -> None:
    found = Report.of(made()).tested
    assert [(each.role, each.index, each.kept) for each in found] == [
        (Role.PLAIN, 13, 24),
        (Role.NO_SKIP, 17, 24),
        (Role.WINNER, 19, 16),
        (Role.FINALIST, 18, 16),
    ]
    assert [each.validation for each in found] == [None, 0.80, 0.78, 0.77]
    assert [each.measurement["accuracy"] for each in found] == [0.70, 0.79, 0.775, 0.765]


def test_the_winner_is_told_by_its_blocks() -> None:
    winner = Report.of(made()).winner
    assert winner is not None
    assert [name for name, kept in zip(winner.sub_layers, winner.kept, strict=True) if not kept] == [
        *(f"block.{block}.{kind}" for block in range(3) for kind in ("msa", "ffn")),
        "block.3.msa",
        "block.7.ffn",
    ]
    assert set(winner.modules) == {"bottleneck:8"}
    assert winner.patch_ratio is None


def test_patches_of_the_winner() -> None:
    spec = {"space": {"patch_ratios": [0.7], "patch_places": [3]}}
    winner = Report.of(made(spec=spec)).winner
    assert winner is not None
    assert (winner.patch_ratio, winner.after_block) == (0.7, 3)


def test_generations_leave_out_the_elite_that_is_not_measured_again() -> None:
    proxies = Report.of(made()).proxies
    assert proxies.generations
    assert [(each.number, each.candidates, each.failed) for each in proxies.groups] == [(1, 6, 1), (2, 4, 1)]
    first, second = proxies.groups
    assert (first.best, first.mean, first.mean_macs) == pytest.approx((0.60, (0.50 + 0.60 + 0.40 + 0.55) / 4, 10.875e6))
    assert (second.best, second.mean) == pytest.approx((0.70, (0.65 + 0.62 + 0.70) / 3))
    assert first.kept[:8] == (1 / 6, 1 / 6, 1 / 6, 1 / 6, 1 / 6, 1 / 6, 1 / 6, 5 / 6)
    assert second.kept[23] == 1.0


@pytest.mark.parametrize("name", ["random", "steady"])
def test_a_search_without_generations_is_looked_at_in_parts(name: str) -> None:
    told = [(dropping(gene), Fidelity.PROXY, scored(0.5, 10.0)) for gene in range(24)]
    proxies = Report.of(made(told, spec={"algorithm": {"name": name}, "budget": {"candidates": 24}})).proxies
    assert not proxies.generations
    assert [each.candidates for each in proxies.groups] == [3, 2, 3, 2, 2, 3, 2, 3, 2, 2]


@pytest.mark.parametrize("settings", [{"population": 4, "elitism": 4}, {"population": "many"}])
def test_what_settings_of_a_plugin_mean_is_not_guessed(settings: dict[str, object]) -> None:
    source = made()
    spec = {**source.search.spec, "algorithm": {"name": "mine", **settings}}
    proxies = Report.of(replace(source, search=replace(source.search, spec=spec))).proxies
    assert (proxies.generations, len(proxies.groups)) == (False, 10)


def test_the_front_is_of_feasible_candidates_alone() -> None:
    proxies = Report.of(made()).proxies
    assert proxies.axes == ("accuracy", "macs")
    assert [each.index for each in proxies.members] == [9, 6, 7, 5, 0]
    assert [each.index for each in proxies.points if not each.feasible] == [2, 4, 8]


def test_the_front_is_of_the_objectives_where_there_are_several() -> None:
    spec = {"objectives": ["accuracy", "parameters"], "algorithm": {"name": "nsga2", "population": 6}}
    proxies = Report.of(made(spec=spec)).proxies
    assert proxies.axes == ("accuracy", "parameters")
    assert [each.index for each in proxies.members] == [9]  # all have as many parameters


def test_audits_are_paired_with_the_proxy_of_their_chromosome() -> None:
    assert [(each.proxy, each.audit) for each in Report.of(made()).audits] == [(0.55, 0.75), (0.65, 0.76), (0.62, 0.77)]


def test_spending_adds_up() -> None:
    spending = Report.of(made()).spending
    counts = [(each.fidelity, each.told, each.failed, each.seconds) for each in spending.stages]
    assert counts == [
        ("proxy", 10, 2, 16.0),
        ("audit", 3, 0, 6.0),
        ("plain", 1, 0, 2.0),
        ("final", 3, 0, 6.0),
        ("test", 3, 0, 6.0),
    ]
    assert (spending.scoring_seconds, spending.told, spending.failed) == (36.0, 20, 2)
    assert spending.wall_seconds == 7500.0
    assert spending.failures == {"out-of-memory": 1, "diverged": 1}
    assert (spending.workers, spending.utilisation) == (2, 0.93)


def test_what_was_taken_over_is_counted_apart() -> None:
    source = made()
    taken = replace(source.history[0], seconds=0.0, reused_from="01M0000000000000000000PAST")
    spending = Report.of(replace(source, history=[taken, *source.history[1:]])).spending
    assert (spending.reused, spending.scoring_seconds) == (1, 34.0)


def test_a_search_that_goes_on_is_reported_so_far() -> None:
    told = [(PROXIES[0][0], Fidelity.PROXY, PROXIES[0][1])]
    source = made(told, status=Status.RUNNING)
    waiting = replace(source.history[0], outcome=None, told_order=None, told_at=None, seconds=None)
    waiting = replace(waiting, candidate=replace(waiting.candidate, index=1))
    report = Report.of(replace(source, history=[*source.history, waiting]))
    assert (len(report.proxies.points), report.spending.told, report.tested, report.winner) == (1, 1, (), None)
    assert report.spending.wall_seconds == 3 * 3600.0  # until the report was made


def test_a_search_that_waits_has_nothing_to_show() -> None:
    report = Report.of(made([], status=Status.QUEUED, search={"started_at": None}))
    assert (report.proxies.points, report.proxies.groups, report.proxies.front) == ((), (), ())
    assert (report.spending.stages, report.spending.wall_seconds) == ((), None)


def test_without_its_backbone_the_numbers_stand() -> None:
    report = Report.of(made(known=False))
    assert (report.layers, report.winner) == ((), None)
    assert [each.kept for each in report.tested] == [None] * 4
    assert [each.kept for each in report.proxies.groups] == [(), ()]


def test_a_failed_test_is_no_model() -> None:
    later = [(genome, stage, Failure("diverged") if stage is Fidelity.TEST else told) for genome, stage, told in LATER]
    proxies = [(genome, Fidelity.PROXY, outcome) for genome, outcome in PROXIES]
    assert [each.role for each in Report.of(made([*proxies, *later])).tested] == [Role.PLAIN]


def test_a_search_for_no_skip_alone_chooses_the_baseline() -> None:
    told = [(FULL, stage, scored(0.8, 20.0)) for stage in (Fidelity.PLAIN, Fidelity.FINAL, Fidelity.TEST)]
    spec = {"algorithm": {"name": "no-skip"}}
    report = Report.of(made(told, spec=spec, search={"result": {"chosen": 1}}))
    assert [each.role for each in report.tested] == [Role.PLAIN, Role.WINNER]


@pytest.mark.parametrize("said", [{}, {"versions": "none"}, {"versions": {}, "latency": 3, "backbone_sha256": None}])
def test_a_model_that_says_nothing_of_itself(said: dict[str, object]) -> None:
    origin = Report.of(made(provenance=said)).origin
    assert (origin.versions, origin.backbone_sha256, origin.latency) == ({}, None, None)


def test_the_chosen_one_is_found_by_its_index() -> None:
    source = made()
    assert source.history[CHOSEN].candidate.fidelity is Fidelity.FINAL
    other = replace(source, search=replace(source.search, result={"chosen": CHOSEN - 1}))
    assert [(each.role, each.index) for each in Report.of(other).tested][2:] == [(Role.WINNER, 18), (Role.FINALIST, 19)]
