"""Every cost that is known from elsewhere comes out of our formulas, and of the counter for those that are quick."""

from dataclasses import replace

import pytest

from benchmarks.cost_figure import CostFigure, CostRow
from benchmarks.cost_figures import SHORT
from benchmarks.costs import COLUMNS, compared, cost_figures, markdown
from benchmarks.counter import Counter
from models.architecture import Architecture, bottleneck
from models.cost import cost_model
from models.meter_config import MeterConfig
from models.vilt_config import ViltConfig
from models.workload import TaskName, Workload
from tests.networks import TINY, TINY_METER

FIGURES = cost_figures()
QUICK = (
    "METER VQA, 384 px, 40 text tokens",
    "METER: image.0.ca, 40 text tokens",
    "METER-DAS adapters, 4 layers skipped",
    "ViLT VQA, 384 x 608 px, 40 text tokens",
    "ViLT-DAS adapters, 1 block skipped",
)


def figure(name: str) -> CostFigure:
    return next(each for each in FIGURES if each.name == name)


@pytest.mark.parametrize("each", FIGURES, ids=lambda each: f"{each.name}: {each.known}")
def test_the_closed_form_is_what_is_known(each: CostFigure) -> None:
    assert each.ask(each.setup.closed_form) == pytest.approx(float(each.known), abs=each.tolerance)


def test_every_figure_differs_and_only_explained_ones_differ_by_more_than_rounding() -> None:
    assert len({(each.name, each.unit, each.known) for each in FIGURES}) == len(FIGURES) == 53
    assert all(each.note for each in FIGURES if each.allowed is not None)
    assert figure("METER VQA, 384 px, 40 text tokens").tolerance == pytest.approx(0.005)
    assert figure("one adapter of 96").tolerance == pytest.approx(0.5)


def test_the_tensors_that_no_forward_pass_reads_explain_the_parameters() -> None:
    unread = 768 * 769 + 77 * 512 + 2 * 512  # RoBERTa's pooler; CLIP's text positions and last norm
    each = figure("METER VQA, 384 px")
    assert each.ask(each.setup.closed_form) + unread / 1e6 == pytest.approx(float(each.known), abs=0.005)


@pytest.mark.parametrize("name", QUICK)
def test_the_counter_agrees_with_the_closed_form_at_full_size(name: str) -> None:
    (row,) = compared([figure(name)])
    assert row.counted == row.ours
    assert row.agrees


@pytest.mark.parametrize("config", [TINY, TINY_METER], ids=["vilt", "meter"])
@pytest.mark.parametrize("task", TaskName)
def test_the_counter_knows_every_task(config: ViltConfig | MeterConfig, task: TaskName) -> None:
    shape = Workload(task=task, text_tokens=9, image_height=48, image_width=48, answers=7)
    counter, formulas = Counter(config, shape), cost_model(config, shape)
    architecture = Architecture.full(config.sub_layers, module=bottleneck(4))
    assert counter.macs(architecture) == formulas.macs(architecture)
    assert counter.parameters(architecture) == formulas.parameters(architecture)


def test_a_row_agrees_with_the_counter_exactly_and_with_the_known_within_its_digits() -> None:
    each = figure("METER-DAS: all in-layer adapters")
    row = CostRow.of(each, ours=SHORT.closed_form, counter=SHORT.closed_form)
    assert row.agrees
    assert row.difference == pytest.approx(100 * (row.ours / 1.64 - 1))
    assert not replace(row, known="1.65").agrees
    assert not replace(row, counted=row.counted + 1e-9).agrees
    assert row.to_json()["known"] == 1.64


def test_markdown_has_a_line_for_each_row_and_each_note_once() -> None:
    several = [each for each in FIGURES if each.name.startswith(("METER-DAS, 2", "one adapter"))]
    rows = [CostRow.of(each, ours=each.setup.closed_form, counter=each.setup.closed_form) for each in several]
    noted = next(row for row in rows if row.note)
    lines = markdown([*rows, noted]).splitlines()
    assert lines[0].count("|") == lines[1].count("|") == len(COLUMNS) + 1
    assert lines[2].startswith("| one adapter of 96 | parameters | 149,856 | 149,856 | 149,856 | +0.000 |")
    assert lines[7] == lines[6]
    assert lines[8:] == ["", f"[1] {noted.note}."]
