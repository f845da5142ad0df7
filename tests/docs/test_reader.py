"""The reader notices a page that does not keep its word."""

from pathlib import Path

import pytest

from tests.docs.page import Page
from tests.docs.reader import PageError, Reader, Step, steps

NOWHERE = "http://127.0.0.1:9"  # nothing in these pages asks a service


def page(folder: Path, text: str) -> Page:
    file = folder / "page.md"
    file.write_text(text)
    return Page(file)


def follow(folder: Path, text: str) -> Reader:
    import os

    reader = Reader(folder, NOWHERE, dict(os.environ))
    reader.follow(page(folder, text))
    return reader


def test_blocks_share_files_exports_and_names(tmp_path: Path) -> None:
    follow(
        tmp_path,
        "```text note.txt\nhello\n```\n"
        "```console\n$ export WORD=there\n$ cat note.txt\nhello\n```\n"
        "```python\nfrom pathlib import Path\nword = Path('note.txt').read_text()\n```\n"
        "```python\nPath('copy.txt').write_text(word)\n```\n"
        '```console\n$ test "$WORD" = there\n$ cat \\\n  copy.txt\nh...o\n```\n',
    )
    assert (tmp_path / "copy.txt").read_text() == "hello\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("```console\n$ false\n```", "page.md:2: ValueError: `false` ended with 1"),
        ("```console\n$ echo one\ntwo\n```", "printed 'one\\n'; the page says 'two\\n'"),
        ("```console\nls\n```", "expected a command behind '$ '"),
        ("\n\n```python\n1 / 0\n```", "page.md:4: ZeroDivisionError"),
        ("```yaml\nbackbone: shapes-vilt\nseed: -1\n```", "seed"),
        ("```json\n{\n```", "JSONDecodeError"),
        ("```toml\n=\n```", "TOMLDecodeError"),
        ("```text\ntwinsieve ls\n```", "is a command in a block of text"),
        ("```\nls\n```", "nobody runs blocks of ''"),
        ("```python examples/README.md\nno such line anywhere\n```", "Error"),
    ],
)
def test_what_does_not_hold_is_said(text: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(PageError) as raised:
        follow(tmp_path, text)
    assert expected in str(raised.value)


def test_an_excuse_stands_right_before_its_block(tmp_path: Path) -> None:
    excused = "Pull it. (Not run by the tests: it needs\na network.)\n\n```console\n$ false\n```\n"
    assert [block.excuse for block in page(tmp_path, excused).blocks] == ["it needs a network"]
    follow(tmp_path, excused)
    with pytest.raises(PageError):
        follow(tmp_path, f"{excused}\nAnd now.\n\n```console\n$ false\n```\n")


def test_serving_is_what_the_service_does_already(tmp_path: Path) -> None:
    follow(tmp_path, "```console\n$ twinsieve serve\n```\n")


def test_steps() -> None:
    assert steps("$ a \\\n  b\n$ c\nd\ne\n") == [Step("a \\\n  b", ""), Step("c", "d\ne\n")]


def test_headings_as_github_names_them(tmp_path: Path) -> None:
    assert page(tmp_path, "# `a` and, B!\n## Twice\n## Twice\n").anchors == ["a-and-b", "twice", "twice-1"]
