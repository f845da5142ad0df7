"""Sections, sentences, tables and plots of a report."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from search.contracts import Fidelity
from service.domain.records import Status
from service.report import figures
from service.report.amounts import NOTHING, chromosome, duration, signed
from service.report.blocks import Document, Figure, Paragraph, Table
from service.report.document import document
from service.report.report import Report
from service.report.source import Source
from tests.service.report.made_source import PROXIES, dropping, made, scored

WHOLE = ("summary", "baselines", "winner", "search", "cost", "fidelity", "limits", "settings")


def of(source: Source) -> Document:
    return document(Report.of(source))


def table(found: Document, name: str) -> Table:
    return next(
        block
        for section in found.sections
        for block in section.blocks
        if isinstance(block, Table) and block.name == name
    )


def texts(found: Document) -> str:
    blocks = (block for section in found.sections for block in section.blocks)
    return "\n".join(block.text for block in blocks if isinstance(block, Paragraph))


def test_a_whole_search_has_every_section() -> None:
    assert tuple(section.name for section in of(made()).sections) == WHOLE


def test_a_waiting_one_has_those_with_something_to_say() -> None:
    found = of(made([], status=Status.QUEUED, search={"started_at": None}))
    assert [section.name for section in found.sections] == ["summary", "limits", "settings"]


@pytest.mark.parametrize("algorithm", ["das", "ranked", "no-skip", "greedy", "random"])
def test_every_kind_of_search_can_be_reported(algorithm: str) -> None:
    spec = {"algorithm": {"name": algorithm}} | ({"space": {"granularity": "layer"}} if algorithm == "das" else {})
    found = of(made([], spec=spec, status=Status.CANCELLED))
    assert "settings" in [section.name for section in found.sections]


def test_the_summary_is_in_words() -> None:
    found = texts(of(made()))
    assert "The winner keeps 16 of 24 sub-layers and reaches 77.50 % accuracy on the test split at 13.00 M" in found
    assert "Against the no-skip adapters that is \u22121.50 points of accuracy with 35.00 % fewer MACs." in found
    assert "the best of the first generation had 60.00 %, the best of all 2 generations 70.00 %" in found
    assert "It measured 20 candidates in 2 h 05 min, with 36.0 s of scoring" in found


def test_failure_is_told_with_its_reason() -> None:
    found = texts(of(made([], status=Status.FAILED, search={"error": "no node has room"})))
    assert "The search failed: no node has room" in found


def test_baselines_side_by_side() -> None:
    found = table(of(made()), "baselines")
    head = ["model", "kept", "validation (%)", "test (%)", "change (points)", "change of MACs (%)"]
    assert found.head == [*head, "MACs (M)", "parameters (M)", "latency (ms)"]
    assert found.rows == [
        ["backbone as it came", "24", NOTHING, "70.00", "\u22129.00", "\u221220.00", "16.00", "0.60", "5.00"],
        ["no-skip adapters", "24", "80.00", "79.00", NOTHING, NOTHING, "20.00", "0.60", "6.00"],
        ["winner", "16", "78.00", "77.50", "\u22121.50", "\u221235.00", "13.00", "0.60", "4.50"],
        ["finalist 18", "16", "77.00", "76.50", "\u22122.50", "\u221237.50", "12.50", "0.60", "4.00"],
    ]
    assert table(of(made()), "further").rows[1] == ["no-skip adapters", "0.4"]


def test_the_winner_is_drawn_block_by_block() -> None:
    found = of(made())
    assert table(found, "network").rows == [
        ["block msa", *"····●●●●●●●●"],
        ["block ffn", *"···●●●●·●●●●"],
    ]
    assert "Dropped: block.0.msa (bottleneck:8 in its place)," in texts(found)


def test_the_front_names_its_chromosomes() -> None:
    found = table(of(made()), "front")
    assert found.rows[0] == ["9", chromosome(PROXIES[9][0]), "70.00", "13.00"]
    assert [row[0] for row in found.rows] == ["9", "6", "7", "5", "0"]


def test_a_long_table_shows_some_and_says_so() -> None:
    told = [(dropping(*range(drop)), Fidelity.PROXY, scored(0.9 - 0.01 * drop, 14 - 0.5 * drop)) for drop in range(24)]
    more = [
        (dropping(23, *range(drop)), Fidelity.PROXY, scored(0.895 - 0.01 * drop, 13.75 - 0.5 * drop))
        for drop in range(20)
    ]
    found = table(of(made([*told, *more], spec={"budget": {"candidates": 60}}, status=Status.RUNNING)), "front")
    assert len(found.rows) == 24
    assert "Shown are 24 of 44, at even distances." in found.caption


def test_cost_adds_up_to_its_last_line() -> None:
    rows = table(of(made()), "cost").rows
    assert rows[0] == ["proxy", "10", "2", "0", "16.0 s", "44.44"]
    assert rows[-1] == ["all", "20", "2", "0", "36.0 s", "100.00"]


def test_cost_in_gpu_hours_is_left_to_who_knows_the_gpus_of_a_worker() -> None:
    assert "Scoring took 0.010 worker-hours; times the GPUs of a worker, GPU-hours." in texts(of(made()))


def test_verdicts_say_in_which_range_they_hold() -> None:
    row = {"fidelity": "proxy", "against": "audit", "steps": 10, "against_steps": 40, "candidates": 4}
    agreements = [
        row | {"verdict": "trusted", "restricted": False},
        row | {"verdict": "not trusted", "restricted": True},
        row | {"verdict": "open", "restricted": True},
        row | {"verdict": "open", "restricted": False},
        row,
    ]
    source = made()
    result = {**(source.search.result or {}), "fidelity": {"summary": "", "agreements": agreements}}
    found = of(replace(source, search=replace(source.search, result=result)))
    assert [each[2] for each in table(found, "fidelity").rows] == [
        "trusted",
        "not trusted (restricted range)",
        "not known (restricted range)",
        "not known",
        NOTHING,
    ]
    assert "not known otherwise or with too few candidates. In a restricted range" in texts(found)


def test_versions_and_every_key_of_the_spec() -> None:
    found = of(made())
    versions = {row[0]: row[1] for row in table(found, "versions").rows}
    assert (versions["seed"], versions["torch, as measured with"]) == ("0", "2.13.0")
    assert versions["backbone weights, SHA-256"] == "ab" * 32
    settings = {row[0]: row[1] for row in table(found, "settings").rows}
    assert (settings["budget.macs_ratio"], settings["reuse"], settings["budget.macs"]) == ("0.75", "false", "null")
    assert (settings["objectives"], settings["algorithm.name"]) == ("accuracy", "genetic")


def test_plots_are_plain_data() -> None:
    plots = of(made()).figures
    assert [each.name for each in plots] == ["tested", "trade-off", "progress", "kept", "audits"]
    for each in plots:
        json.dumps([each.traces, each.layout], allow_nan=False)
        assert each.caption
        assert each.says


def test_the_front_of_the_plot_rises_with_macs() -> None:
    candidates, front, winner = figures.trade_off(Report.of(made())).traces
    assert len(candidates["x"]) == 7
    assert (front["x"], front["y"]) == ([10.0, 10.5, 11.5, 12.5, 13.0], pytest.approx([50, 55, 62, 65, 70]))
    assert (winner["x"], winner["y"]) == ([13.0], pytest.approx([70]))


def test_the_best_so_far_never_falls() -> None:
    _, best = figures.progress(Report.of(made())).traces
    assert (best["x"], best["y"]) == ([1, 2, 5, 7, 7], pytest.approx([50, 60, 65, 70, 70]))


def test_the_heat_map_has_a_row_for_each_layer_and_a_column_for_each_generation() -> None:
    (heat,) = figures.kept(Report.of(made())).traces
    assert (len(heat["y"]), heat["x"], {len(row) for row in heat["z"]}) == (24, [1, 2], {2})
    assert heat["z"][0] == pytest.approx([100 / 6, 0])


def test_thousands_of_points_are_thinned_and_the_caption_says_so() -> None:
    told = [
        (tuple(index >> bit & 1 for bit in range(24)), Fidelity.PROXY, scored(0.5 + index / 1e5, 10.0))
        for index in range(figures.MOST_POINTS + 1)
    ]
    plot = figures.trade_off(Report.of(made(told, spec={"budget": {"candidates": 5000}}, status=Status.RUNNING)))
    assert len(plot.traces[0]["x"]) == figures.MOST_POINTS
    assert f"{figures.MOST_POINTS} of {figures.MOST_POINTS + 1} are drawn" in plot.caption


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (None, NOTHING),
        (0.04, "0.0 s"),
        (59.9, "59.9 s"),
        (59.96, "1 min 00 s"),
        (89, "1 min 29 s"),
        (150, "2 min 30 s"),
        (3599, "59 min 59 s"),
        (3599.5, "1 h 00 min"),
        (3750, "1 h 03 min"),
        (36e4, "100 h 00 min"),
    ],
)
def test_durations(seconds: float | None, expected: str) -> None:
    assert duration(seconds) == expected


def test_a_sign_is_a_minus_and_no_hyphen() -> None:
    assert (signed(-0.5), signed(0.25)) == ("\u22120.50", "+0.25")


def test_a_chromosome_of_many_choices_has_commas() -> None:
    assert (chromosome((1, 0, 9)), chromosome((1, 0, 12))) == ("109", "1,0,12")


def _names(value: object) -> list[str]:
    if isinstance(value, Mapping):
        return [name for each in value.values() for name in _names(each)]
    if isinstance(value, list):
        return [name for each in value for name in _names(each)]
    return [value] if isinstance(value, str) and value.startswith("var(") else []


def test_colours_are_names_that_the_page_knows() -> None:
    from service.report.html import HERE

    css = (HERE / "report.css").read_text()
    plots: list[Figure] = list(of(made()).figures)
    used: Any = {name for each in plots for name in _names([list(each.traces), each.layout])}
    assert used
    assert all(f"{name[4:-1]}:" in css for name in used)
