"""`model_card`: the `README.md` of an exported model as model hubs show it: YAML in front, then Markdown."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from models.architecture import Architecture
from models.foreground.names import NONE
from models.registry import CONFIGS, DATASETS
from models.workload import TaskName, images_of

CARD = "README.md"
PIPELINES = {TaskName.VQA: "visual-question-answering"}  # hubs have no name for the other tasks
TEXTS: Mapping[TaskName, str] = {
    TaskName.VQA: '"what color is the circle?"',
    TaskName.NLVR2: '"both images show a circle"',
    TaskName.RETRIEVAL: '["a red circle", "a blue square"]',
}


def model_card(config: Mapping[str, Any]) -> str:
    """The card of the model whose `config.json` this is; every figure in it comes from there.

    Names and figures that the config does not have, as in a model that no search made, are left out.
    """
    merged = config["provenance"].get("merged_from")
    facts = config["provenance"] if merged is None else merged
    spec = facts.get("search", {})
    parts = [
        _front(config["task"], spec, facts),
        f"# {_plain(_title(config, spec))}",
        _what(config, spec),
        _use(TaskName(config["task"])),
        _results(facts, spec, merged=merged is not None),
        _architecture(config),
        _origin(config, spec, facts),
        _limits(spec),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _front(task: str, spec: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    front: dict[str, Any] = {"library_name": "twinsieve"}
    if pipeline := PIPELINES.get(TaskName(task)):
        front["pipeline_tag"] = pipeline
    front["tags"] = ["vision-language", "architecture-search", task]
    if facts.get("test") and spec:
        metrics = [{"type": key, "value": value} for key, value in facts["test"].items()]
        data = {"type": spec["data"], "name": spec["data"], "split": "test"}
        result = {"task": {"type": PIPELINES.get(TaskName(task), task)}, "dataset": data, "metrics": metrics}
        front["model-index"] = [{"name": spec["name"], "results": [result]}]
    return f"---\n{yaml.safe_dump(front, sort_keys=False, allow_unicode=True).strip()}\n---"


def _title(config: Mapping[str, Any], spec: Mapping[str, Any]) -> str:
    kept, of = _kept(config)
    return f"{spec.get('backbone', 'A backbone')} for {config['task']}, {kept} of {of} sub-layers"


def _kept(config: Mapping[str, Any]) -> tuple[int, int]:
    architecture = Architecture.from_json(config["architecture"])
    return architecture.kept, len(architecture.choices)


def _what(config: Mapping[str, Any], spec: Mapping[str, Any]) -> str:
    kept, of = _kept(config)
    what = (
        f"A vision-language transformer with {kept} of its {of} sub-layers (self-attention, cross-attention, FFN); "
        "the others are gone from the file."
    )
    if not spec:
        return what
    found = f"The architecture search `{_code(spec['name'])}` found it with `{_code(spec['algorithm']['name'])}`."
    return f"{what} {found}"


def _use(task: TaskName) -> str:
    pictures = '"picture.png"' if images_of(task) == 1 else '["left.png", "right.png"]'
    return f"""## Use

Needs the package `twinsieve` with its extra `workers`. In the folder of this file:

```python
import twinsieve

model = twinsieve.load(".")
for answer in model.predict({pictures}, {TEXTS.get(task, '"a text about it"')}):
    print(answer.text, answer.score)
```"""


def _results(facts: Mapping[str, Any], spec: Mapping[str, Any], *, merged: bool) -> str:
    measured = facts.get("test")
    if not measured:
        return ""
    rows = [(_plain(key), _number(value)) for key, value in sorted(measured.items())]
    lines = [f"On the test split of `{_code(spec.get('data', 'its data'))}`, looked at once:", "", *_table(rows)]
    if "latency" in facts:
        lines += ["", f"Latency: {_plain(facts['latency'])}."]
    if merged:
        lines += ["", "Measured before the modules were merged into the weights; the answers are the same since."]
    return "## Results\n\n" + "\n".join(lines)


def _architecture(config: Mapping[str, Any]) -> str:
    architecture = Architecture.from_json(config["architecture"])
    sub_layers = CONFIGS[config["backbone_format"]].from_json(config["backbone"]).sub_layers
    pairs = list(zip(sub_layers, architecture.choices, strict=True))
    dropped = [f"`{sub_layer}`" for sub_layer, choice in pairs if not choice.keep]
    modules = Counter(str(choice.module) for _, choice in pairs if choice.module is not None)
    rows = [("dropped", ", ".join(dropped) or "nothing")]
    rows += [("modules", ", ".join(f"`{_code(name)}` at {count} places" for name, count in modules.items()) or "none")]
    if (patches := architecture.patches) is not None:
        rows.append(("patches", f"{patches.ratio:.0%} go on after block {patches.after_block} (`{patches.mode}`)"))
        rows.append(
            ("foreground", "not asked for" if config["foreground"] == NONE else f"`{_code(config['foreground'])}`")
        )
    return "## Architecture\n\n" + "\n".join(_table(rows))


def _origin(config: Mapping[str, Any], spec: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    rows = [("task", f"`{config['task']}`")]
    if spec:
        rows += [(key, f"`{_code(spec[key])}`") for key in ("backbone", "data")]
        rows.append(("long fine-tune", f"{spec['final']['steps']:,} steps"))
        rows.append(("seed", str(spec["seed"])))
    if "backbone_sha256" in facts:
        rows.append(("SHA-256 of the backbone's weights", f"`{_code(facts['backbone_sha256'])}`"))
    rows += [(f"version of {_plain(name)}", _plain(number)) for name, number in facts.get("versions", {}).items()]
    return "## Where it comes from\n\n" + "\n".join(_table(rows)) + "\n\nAll settings are in `config.json`."


def _limits(spec: Mapping[str, Any]) -> str:
    toy = spec.get("data") in DATASETS
    world = "The data is a small rendered world of coloured shapes: what is good there may not be good on photographs. "
    return (
        "## Limits\n\n"
        + (world if toy else "")
        + "Figures are of one seed and one machine. The weights it started from and the data have licences of their "
        "own, which this card does not know."
    )


def _table(rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield "| | |"
    yield "|---|---|"
    yield from (f"| {name} | {value} |" for name, value in rows)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) and abs(value) >= 1000 else f"{value:.4g}"


def _plain(text: object) -> str:
    """Words that Markdown reads as nothing else."""
    return re.sub(r"([\\`*_\[\]<>|#~$&])", r"\\\1", " ".join(str(text).split()))


def _code(text: object) -> str:
    """The inside of a code span in a table."""
    return " ".join(str(text).split()).replace("`", "'").replace("|", "\\|")
