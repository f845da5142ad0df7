"""Which modules there are, what is refused of them, and costs that are known by hand."""

import subprocess
import sys

import pytest

from models.architecture import ModuleSpec, Stack, SubLayer, SubLayerKind
from models.costs.module_costs import Site, check_module, module_macs, module_parameters, serves

FFN = SubLayer(0, SubLayerKind.FFN)
VILT = Site(FFN, 768, 3072, 185, text_tokens=40)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("adapters:4", "no module is called 'adapters'; there are bottleneck, context-peft, .*, vl-pet"),
        ("bottleneck:4:relu", "'bottleneck' takes no options, not 1"),
        ("routing-lora:4", r"its first option is one of mul, add, expand, outer, outer-relu, self, .*; not None"),
        ("routing-lora:4:mull", "its first option is one of mul, .*; not 'mull'"),
        ("routing-adapter:4:mul:left", "its second option is one of text, image, both; not 'left'"),
        ("routing-adapter:4:mul:text:1", "takes 2 options, not 3"),
        ("mma:5", "the size is even, for its two groups; not 5"),
        ("pia:3", "the size is even"),
        ("vl-pet:4", "one of full, row, column, scalar; not None"),
        ("vfpt:4:half", r"the share of Fourier prompts lies in \[0, 1\]; not 'half'"),
        ("vfpt:4:1.5", r"lies in \[0, 1\]; not '1.5'"),
        ("context-peft:2:ia3", "one of lora, bias; not 'ia3'"),
        ("context-peft:2:bias", "biases have no rank, so the size is 1; not 2"),
    ],
)
def test_what_cannot_be_built_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_module(ModuleSpec.parse(text), in_place=False)


def test_only_what_reads_the_hidden_stream_may_stand_alone() -> None:
    able = ("bottleneck:4", "mma:4", "pha:4", "pia:4", "routing-adapter:4:mul", "uniadapter:4", "vl-pet:4:row")
    for text in able:
        check_module(ModuleSpec.parse(text), in_place=True)
    with pytest.raises(ValueError, match=f"may stand {', '.join(text.split(':')[0] for text in able)}$"):
        check_module(ModuleSpec("lora", 4), in_place=True)


@pytest.mark.parametrize(("bottleneck", "parameters"), [(96, 149_856), (192, 297_408), (288, 444_960)])
def test_published_parameters_of_das_adapters(bottleneck: int, parameters: int) -> None:
    spec = ModuleSpec("bottleneck", bottleneck)
    assert module_parameters([(spec, VILT, False)]) == parameters
    assert module_macs(spec, VILT, keep=False) == 2 * 185 * 768 * bottleneck


def test_shared_parts_count_once_and_own_ones_each_time() -> None:
    spec = ModuleSpec("pha", 8)
    one, two = (module_parameters([(spec, VILT, True)] * count) for count in (1, 2))
    assert two - one == 64  # another layer embedding


def test_prompts_cost_nothing_where_they_are_not_read() -> None:
    spec = ModuleSpec("vfpt", 4)
    assert not serves(spec, FFN)
    assert module_macs(spec, VILT, keep=True) == module_parameters([(spec, VILT, True)]) == 0


def test_routing_by_one_modality_costs_one_summary_less() -> None:
    macs = {
        each: module_macs(ModuleSpec("routing-lora", 16, ("outer", each)), VILT, keep=True)
        for each in ("text", "image", "both")
    }
    summary, tokens = 768 * 16, 2 * 16
    assert macs["both"] - macs["text"] == summary + 145 * tokens
    assert macs["both"] - macs["image"] == summary + 40 * tokens


def test_encoders_meet_no_other_modality() -> None:
    site = Site(SubLayer(0, SubLayerKind.FFN, Stack.VISION), 768, 3072, 145)
    assert module_macs(ModuleSpec("routing-lora", 16, ("outer",)), site, keep=True) == 145 * 16 * (768 + 3072)


def test_no_torch_is_imported() -> None:
    code = "import sys, models.costs.module_costs; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
