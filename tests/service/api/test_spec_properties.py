"""Whatever somebody calls a spec: it is one, and says the same when it is read back, or it is refused line by line."""

import json
import math
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from models.architecture import PatchMode, Stack
from models.recipe import RecipeName
from models.workload import TaskName
from search.build import check_spec
from search.space_spec import Granularity
from search.spec import (
    MAX_SPEC_BYTES,
    MOST_ERRORS,
    Objective,
    SearchSpec,
    SpecError,
    describe_errors,
    load_spec,
    parse_spec,
)
from service.api.services import Services

MANY = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
HUGE = 10**4000  # nearly as many digits as Python turns into text
WORDS = [
    *("", "none", "identity", "bottleneck:8", "lora:4", "bottleneck:-1", "tiny", "shapes", "..", "../../etc/passwd"),
    *("genetic", "nsga2", "das", "random", "greedy", "no-skip", "a\n", "\x00", "\ud800", "٣", "1e3"),
    *(str(each) for kind in (TaskName, Objective, Granularity, Stack, PatchMode, RecipeName) for each in kind),
]
NUMBERS = [*(0, 1, -1, 2, 8, 84, 1000, 2**31, 2**63, HUGE, -HUGE), *(0.0, -0.0, 0.5, 1.0, 1e-320, 1e308)]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(NUMBERS),
    st.sampled_from(WORDS),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
)


def _fields(model: type[BaseModel]) -> set[str]:
    return set(model.model_fields)


KEYS = sorted(
    _fields(SearchSpec).union(*(_fields(type(part)) for _, part in SearchSpec() if isinstance(part, BaseModel)))
)
PLAIN = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.dictionaries(st.one_of(st.sampled_from(KEYS), st.text(max_size=8), st.integers()), inner, max_size=6),
    ),
    max_leaves=20,
)
DEFAULT = SearchSpec().model_dump(mode="json")


@st.composite
def nearly_specs(draw: st.DrawFn) -> dict[str, Any]:
    """The default spec, with some values replaced, taken out or put in."""
    spec: dict[str, Any] = json.loads(json.dumps(DEFAULT))
    for _ in range(draw(st.integers(1, 4))):
        place: Any = spec
        while True:
            key = draw(st.sampled_from(sorted(place, key=str)))
            if not isinstance(place[key], dict) or not place[key] or draw(st.booleans()):
                break
            place = place[key]
        how = draw(st.sampled_from(("replace", "list", "remove", "add")))
        if how == "remove":
            del place[key]
        elif how == "add":
            place[draw(st.sampled_from(KEYS))] = draw(PLAIN)
        else:
            place[key] = draw(SCALARS if how == "replace" else st.lists(SCALARS, max_size=4))
        if not spec:
            break
    return spec


def assert_spec_or_lines(data: object) -> SearchSpec | None:
    """A spec that reads back as itself; else an error with a line for each field, which any answer can hold."""
    try:
        spec = parse_spec(data)
    except SpecError as error:
        said = str(error)
    else:
        _assert_reads_back(spec)
        return spec
    head, *lines = said.split("\n  ")
    assert head == "the spec is not valid:"
    assert lines
    assert "(got " in said
    return None


def _assert_reads_back(spec: SearchSpec) -> None:
    text = spec.model_dump_json()
    assert parse_spec(json.loads(text)) == spec
    assert SearchSpec.model_validate_json(text) == spec
    assert parse_spec(yaml.safe_load(text)) == spec
    assert all(math.isfinite(value) for value in _numbers(json.loads(text)))


def _numbers(data: Any) -> list[float]:  # noqa: ANN401 - whatever JSON holds
    if isinstance(data, Mapping):
        return [number for value in data.values() for number in _numbers(value)]
    if isinstance(data, list):
        return [number for value in data for number in _numbers(value)]
    return [data] if isinstance(data, int | float) else []


class TestParse:
    @MANY
    @given(PLAIN)
    def test_anything(self, data: object) -> None:
        assert_spec_or_lines(data)

    @MANY
    @given(nearly_specs())
    def test_nearly_specs(self, data: dict[str, Any]) -> None:
        assert_spec_or_lines(data)

    @MANY
    @given(st.integers(2, 5000))
    def test_deeper_than_python_goes(self, depth: int) -> None:
        nested: list[Any] = []
        for _ in range(depth):
            nested = [nested]
        assert assert_spec_or_lines({"space": {"modules": nested}}) is None

    @pytest.mark.parametrize("data", [{"seed": 10**5000}, {"budget": {"macs": 10**5000}}, {"surprise": [10**5000]}])
    def test_more_digits_than_python_shows(self, data: dict[str, Any]) -> None:
        assert assert_spec_or_lines(data) is None

    def test_what_holds_itself(self) -> None:
        data: dict[str, Any] = {}
        data["space"] = data
        assert assert_spec_or_lines(data) is None

    def test_as_many_errors_as_anybody_reads(self) -> None:
        with pytest.raises(ValidationError) as caught:
            SearchSpec.model_validate({str(number): number for number in range(10 * MOST_ERRORS)})
        assert len(describe_errors(caught.value)) == MOST_ERRORS


class TestJson:
    @MANY
    @given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode(errors="replace"))))
    def test_any_bytes(self, body: bytes) -> None:
        try:
            SearchSpec.model_validate_json(body)
        except ValidationError as error:
            json.dumps(describe_errors(error)).encode()

    @pytest.mark.parametrize(
        "body",
        [
            b"[" * MAX_SPEC_BYTES,
            b'{"a":' * (MAX_SPEC_BYTES // 5),
            b'{"seed": ' + b"9" * 60_000 + b"}",
            b'{"budget": {"macs_ratio": 1e999}}',
            b'{"budget": {"macs_ratio": -Infinity}}',
            b'{"name": "\\ud800"}',
            b'{"\\udfff": 1}',
            b'{"name": "a\\u0000"}',
            b'{"seed": true, "seed": "x"}',
            b"\xef\xbb\xbf{}",
        ],
        ids=range(10),
    )
    def test_what_no_spec_says(self, body: bytes) -> None:
        with pytest.raises(ValidationError) as caught:
            SearchSpec.model_validate_json(body)
        assert all(len(each["got"]) <= 200 for each in describe_errors(caught.value))


class TestFile:
    @MANY
    @given(st.one_of(st.binary(max_size=300), PLAIN.map(lambda data: repr(data).encode(errors="replace"))))
    def test_any_bytes(self, tmp_path: Path, written: bytes) -> None:
        file = tmp_path / "spec.yaml"
        file.write_bytes(written)
        with suppress(SpecError):
            load_spec(file)

    @pytest.mark.parametrize(
        "written",
        [
            "[" * 60_000,
            "- " * 30_000,
            "seed: " + "1" * 5000,
            "name: 2020-99-99",
            "seed: !!timestamp x",
            "seed: !!bool x",
            "seed: !!float x",
            '!!python/object/apply:os.system ["true"]',
            "? [a]\n: 1",
            "x: &a [*a]",
            "a0: &a0 [x]\n" + "".join(f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 9)}]\n" for n in range(30)),
        ],
        ids=range(11),
    )
    def test_hostile_yaml(self, tmp_path: Path, written: str) -> None:
        file = tmp_path / "spec.yaml"
        file.write_text(written)
        with pytest.raises(SpecError):
            load_spec(file)


class TestCheck:
    @MANY
    @given(nearly_specs())
    def test_on_a_backbone(self, services: Services, data: dict[str, Any]) -> None:
        """What parses is either searchable on a small backbone or refused in one line."""
        try:
            spec = parse_spec({**data, "backbone": "tiny"})
        except SpecError:
            return
        with suppress(ValueError):
            check_spec(spec, services.registry.get("tiny"), services.folders)
