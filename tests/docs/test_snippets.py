"""Whoever follows a page gets what it promises: its blocks run from top to bottom."""

import shutil

import pytest

from tests.docs.page import Page, pages_to_follow
from tests.docs.reader import Reader

TOOLS = ("curl", "jq")  # of which a machine may have none


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("page", pages_to_follow(), ids=str)
def test_every_block_runs(page: Page, request: pytest.FixtureRequest) -> None:
    commands = " ".join(block.text for block in page.blocks if block.language == "console").split()
    if missing := [tool for tool in TOOLS if tool in commands and shutil.which(tool) is None]:
        pytest.skip(f"{page} calls {' and '.join(missing)}, which this machine does not have")
    reader: Reader = request.getfixturevalue("reader")
    reader.follow(page)
