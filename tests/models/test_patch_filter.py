"""The patch filter against a slow, obvious one, and what holds for every image, batch and mode."""

from dataclasses import dataclass

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from models.architecture import PatchKeep, PatchMode
from models.patch_filter import choose_patches, fallbacks, filter_patches, similarity_scores

HEAD = 3  # tokens before the patches


def slow_choice(keep: PatchKeep, scores: list[float], covered: list[float] | None) -> list[int]:
    """One image without padding, in plain Python; not for the random mode."""
    patches = range(len(scores))
    budget = max(1, round(keep.ratio * len(scores)))
    ranked = sorted(patches, key=lambda patch: (-scores[patch], patch))
    front = [] if covered is None else [patch for patch in ranked if covered[patch] >= 0.5]
    back = [patch for patch in ranked if patch not in front]
    if keep.mode is PatchMode.SCORE_ONLY or not front or not back:
        return sorted(ranked[:budget])
    beta = 1.0 if keep.mode is PatchMode.FOREGROUND_ONLY else keep.foreground
    if beta is None:
        mass = [max(0.0, score) for score in scores] if max(scores) > 0 else [1.0] * len(scores)
        beta = sum(mass[patch] for patch in front) / sum(mass)
    quota = max(min(round(beta * budget), len(front)), budget - len(back))
    return sorted(front[:quota] + back[: budget - quota])


@dataclass(frozen=True)
class Case:
    """Images of one batch: `real` (B, N), scores and coverage of each."""

    keep: PatchKeep
    real: Tensor
    scores: Tensor
    covered: Tensor | None


EIGHTHS = st.integers(-8, 8).map(lambda value: value / 8)  # few and exact, so that ties are common
KEEPS = st.builds(
    PatchKeep,
    st.floats(0.01, 1.0),
    st.just(0),
    st.sampled_from(PatchMode),
    st.none() | st.floats(0.0, 1.0),
)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    rows, patches = draw(st.integers(1, 4)), draw(st.integers(1, 12))
    size = rows * patches

    def table(values: st.SearchStrategy[float]) -> Tensor:
        return torch.tensor(draw(st.lists(values, min_size=size, max_size=size))).view(rows, patches)

    real = table(st.integers(0, 3)).bool()
    real[:, draw(st.integers(0, patches - 1))] = True  # every image has a patch
    covered = draw(st.booleans())
    shares = st.sampled_from([0.0, 0.25, 0.5, 1.0])
    return Case(draw(KEEPS), real, table(EIGHTHS), table(shares) if covered else None)


def choose(case: Case) -> Tensor:
    return choose_patches(case.real, keep=case.keep, scores=case.scores, foreground=case.covered)


def alone(case: Case, row: int) -> Case:
    """The image of a row with its padding cut away."""
    real = case.real[row]
    covered = None if case.covered is None else case.covered[row, real].unsqueeze(0)
    return Case(case.keep, real[real].unsqueeze(0), case.scores[row, real].unsqueeze(0), covered)


@given(cases())
def test_it_chooses_what_the_slow_one_chooses(case: Case) -> None:
    for row, chosen in enumerate(choose(case)):
        image = alone(case, row)
        kept = chosen[case.real[row]].nonzero().flatten().tolist()
        assert len(kept) == case.keep.count(image.real.shape[1])
        if case.keep.mode is not PatchMode.RANDOM:
            covered = None if image.covered is None else image.covered[0].tolist()
            assert kept == slow_choice(case.keep, image.scores[0].tolist(), covered)


@given(cases())
def test_an_image_keeps_the_same_patches_in_any_batch(case: Case) -> None:
    together = choose(case)
    assert not (together & ~case.real).any()
    for row, chosen in enumerate(together):
        assert torch.equal(choose(alone(case, row))[0], chosen[case.real[row]])


@given(cases())
def test_the_sequence_holds_the_chosen_patches_in_order(case: Case) -> None:
    rows, patches = case.real.shape
    tokens = torch.arange(rows * (HEAD + patches)).view(rows, -1, 1)
    head = torch.arange(HEAD).expand(rows, -1) < 2  # a text with padding
    kept, valid = filter_patches(
        tokens,
        torch.cat([head, case.real], 1),
        keep=case.keep,
        scores=case.scores,
        foreground=case.covered,
        first_patch=HEAD,
    )
    assert valid is not None
    assert torch.equal(kept[:, :HEAD], tokens[:, :HEAD])
    assert torch.equal(valid[:, :HEAD], head)
    assert kept.shape[:2] == valid.shape == (rows, HEAD + case.keep.count(int(case.real.sum(1).max())))
    for row, chosen in enumerate(choose(case)):
        assert torch.equal(kept[row, HEAD:][valid[row, HEAD:]], tokens[row, HEAD:][chosen])


@given(cases())
def test_without_padding_every_row_is_as_long_and_nothing_is_said_of_validity(case: Case) -> None:
    rows, patches = case.real.shape
    tokens = torch.arange(rows * (HEAD + patches)).view(rows, -1, 1)
    filtered = [
        filter_patches(tokens, valid, keep=case.keep, scores=case.scores, foreground=case.covered, first_patch=HEAD)
        for valid in (None, torch.ones(rows, HEAD + patches, dtype=torch.bool))
    ]
    assert filtered[0][1] is None
    assert filtered[1][1] is not None
    assert filtered[1][1].all()
    assert torch.equal(filtered[0][0], filtered[1][0])
    assert filtered[0][0].shape[1] == HEAD + case.keep.count(patches)


@pytest.mark.parametrize("mode", PatchMode)
def test_a_ratio_of_one_is_the_identity(mode: PatchMode) -> None:
    tokens = torch.randn(2, HEAD + 9, 4, generator=torch.Generator().manual_seed(0))
    covered = torch.eye(9)[:2]
    kept, valid = filter_patches(
        tokens, None, keep=PatchKeep(1.0, 0, mode), scores=tokens[:, HEAD:, 0], foreground=covered, first_patch=HEAD
    )
    assert valid is None
    assert torch.equal(kept, tokens)


def test_an_image_falls_back_where_all_of_it_is_in_one_region() -> None:
    covered = torch.tensor([[0.0, 0.4, 0.0], [1.0, 0.5, 0.0], [1.0, 0.5, 0.6], [1.0, 1.0, 0.0]])
    real = torch.tensor([[True] * 3, [True] * 3, [True] * 3, [True, True, False]])
    assert fallbacks(covered, real).tolist() == [True, False, True, True]


def test_quotas_keep_background_that_the_scores_alone_would_drop() -> None:
    scores = torch.tensor([[0.9, 0.8, 0.7, 0.6, 0.1, 0.2, 0.3, 0.4, 0.5, 0.0]])
    covered = torch.tensor([[1.0] * 6 + [0.0] * 4])
    real = torch.ones(1, 10, dtype=torch.bool)

    def kept(mode: PatchMode, beta: float | None = 0.5) -> list[int]:
        keep = PatchKeep(0.4, 0, mode, beta)
        return choose_patches(real, keep=keep, scores=scores, foreground=covered)[0].nonzero().flatten().tolist()

    assert kept(PatchMode.SCORE_ONLY) == [0, 1, 2, 3]
    assert kept(PatchMode.FOREGROUND_ONLY) == [0, 1, 2, 3]
    assert kept(PatchMode.IPF) == [0, 1, 7, 8]
    assert kept(PatchMode.IPF, None) == [0, 1, 2, 8]  # 3.3 of 4.5 lie in the foreground: round(2.93) of 4


def test_the_random_mode_is_spread_and_differs_by_size() -> None:
    keep = PatchKeep(0.5, 0, PatchMode.RANDOM)
    scores = torch.arange(100.0).unsqueeze(0)
    real = torch.ones(1, 100, dtype=torch.bool)
    chosen = choose_patches(real, keep=keep, scores=scores, foreground=None)[0]
    quarters = chosen.view(4, 25).sum(1)
    assert quarters.sum() == 50
    assert quarters.min() >= 6
    fewer = choose_patches(real[:, :98], keep=keep, scores=scores[:, :98], foreground=None)[0]
    assert not torch.equal(chosen[:98], fewer)


def test_an_image_without_a_real_patch_keeps_none() -> None:
    real = torch.tensor([[False, False], [True, True]])
    for mode in PatchMode:
        keep = PatchKeep(0.5, 0, mode, None)
        chosen = choose_patches(real, keep=keep, scores=torch.zeros(2, 2), foreground=torch.ones(2, 2))
        assert chosen.sum(1).tolist() == [0, 1]


def test_similarity_is_the_cosine_to_the_first_text_token() -> None:
    tokens = torch.tensor([[[1.0, 0.0], [9.0, 9.0], [2.0, 0.0], [0.0, 3.0], [-1.0, 0.0]]])
    assert similarity_scores(tokens, 2).tolist() == [[1.0, 0.0, -1.0]]
