"""`twinsieve rank`: sub-layers in a table or as JSON, and what is said when that cannot be."""

import json
from pathlib import Path

import pytest

from models.registry import BackboneEntry
from models.scores.names import ScoreName
from models.workload import TaskName
from service.cli.rank import Scored, mac_shares
from tests.networks import TINY_METER, random_backbone
from tests.service.commands import Cli, assert_mistake

TASK = ("--task", "vqa")
FEW = ("--data", "shapes-small", "--examples", 4)


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BackboneEntry:
    """A registered backbone of six sub-layers."""
    monkeypatch.setenv("TWINSIEVE_BACKBONES", str(tmp_path))
    return random_backbone(tmp_path / "tiny")


def test_the_table_has_a_line_for_each_sub_layer(cli: Cli, tiny: BackboneEntry) -> None:
    done = cli("rank", "--backbone", "tiny", *TASK, *FEW)
    assert done.code == 0, done.err
    header, *lines = done.out.splitlines()
    assert header.split() == ["sub-layer", "MACs", "multiflow", "rank", "residual", "rank"]
    rows = [line.split() for line in lines[:6]]
    assert [row[0] for row in rows] == [str(sub_layer) for sub_layer in tiny.config.sub_layers]
    assert sorted(row[3] for row in rows) == ["1", "2", "3", "4", "5", "6"]
    assert lines[6].startswith("multiflow: passes of 4 examples: 1 forward; ")


def test_a_backbone_with_two_streams(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINSIEVE_BACKBONES", str(tmp_path))
    sub_layers = random_backbone(tmp_path / "two", TINY_METER).config.sub_layers
    done = cli("rank", "--backbone", "two", "--task", "nlvr2", *FEW, "--score", "residual")
    assert done.code == 0, done.err
    assert [line.split()[0] for line in done.out.splitlines()[1:-1]] == [str(sub_layer) for sub_layer in sub_layers]


def test_every_score_as_json(cli: Cli, tiny: BackboneEntry) -> None:
    chosen = [part for name in ScoreName for part in ("--score", name)]
    done = cli("rank", "--backbone", "tiny", *TASK, *FEW, *chosen, "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert (found["backbone"], found["task"], found["data"], found["examples"]) == ("tiny", "vqa", "shapes-small", 4)
    assert found["scores"].keys() == set(ScoreName)
    assert found["scores"]["adapeft"].items() >= {"forward": 2, "backward": 8}.items()
    assert [each["name"] for each in found["sub_layers"]] == [str(each) for each in tiny.config.sub_layers]
    for name in ScoreName:
        best = max(found["sub_layers"], key=lambda each: each["scores"][name]["value"])
        assert best["scores"][name]["rank"] == 1


def test_modules_within_a_parameter_budget(cli: Cli, tiny: BackboneEntry) -> None:
    """Each takes 2 x 16 x 2 weights, 2 + 16 biases: the two with the highest gains fit."""
    asked = ("rank", "--backbone", "tiny", *TASK, *FEW, "--score", "adapeft")
    done = cli(*asked, "--parameters", 2 * 82 + 81, "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    best = [each["name"] for each in found["sub_layers"] if each["scores"]["adapeft"]["rank"] <= 2]
    assert (found["parameters"], found["trained"]) == (245, best)
    done = cli(*asked, "--parameters", 1)
    assert "adapeft: within 1 parameters, train at: nothing" in done.out
    done = cli("rank", "--backbone", "tiny", *TASK, *FEW, "--parameters", 245)
    assert_mistake(done, "--parameters chooses among modules by their AdaPEFT gain: add --score adapeft")


def test_shares_of_macs(tiny: BackboneEntry) -> None:
    shares = mac_shares(tiny, TaskName.VQA)
    assert len(shares) == 6
    assert all(share > 0 for share in shares)
    assert sum(shares) < 1  # the embeddings, the pooler and the head take the rest


def test_equals_share_a_rank() -> None:
    assert Scored([0.5, 2.0, 0.5, 1.0], ScoreName.SKIP.passes(4), 0.0).ranks == [3, 1, 3, 2]


def test_only_registered_names(cli: Cli, tiny: BackboneEntry) -> None:
    assert_mistake(
        cli("rank", "--backbone", "../tiny", *TASK), "no backbone '../tiny'", "shapes-vilt, shapes-meter, tiny"
    )
    assert_mistake(cli("rank", "--backbone", "tiny", *TASK, "--data", "/etc"), "no data set '/etc'", "shapes-small")
    assert_mistake(cli("rank", *TASK, "--score", "lottery"), "'lottery' is not one of 'multiflow', 'spt'")
    assert_mistake(cli("rank", "--task", "captions"), "'captions' is not one of 'vqa'")


def test_more_examples_than_there_are(cli: Cli, tiny: BackboneEntry) -> None:
    done = cli("rank", "--backbone", "tiny", *TASK, "--data", "shapes-small", "--examples", 200)
    assert_mistake(done, "200 examples asked of fitness", "128")


def test_weights_that_are_missing(cli: Cli, tiny: BackboneEntry) -> None:
    (tiny.path / "model.safetensors").unlink()
    assert_mistake(cli("rank", "--backbone", "tiny", *TASK, *FEW), "tiny")
