"""Names as somebody might write them who wants a report to do something, and a report full of them."""

from dataclasses import replace

from hypothesis import strategies as st

from service.report.report import Origin, Report
from tests.service.report.made_source import made

SCRIPT = "</script><script>window.caught = 1</script><img src=x onerror='window.caught = 1'>"
HOSTILE = (
    SCRIPT,
    '" onmouseover="window.caught = 1" x=\'{{ 7 * 7 }}{% if %}',
    r"\input{/etc/passwd}\write18{id} $x^2$ 100% a_b #1 ~ & \\[1cm] {[*]} --- '' `` ?` !`",
    "| a | b |\n|---|---|\n\n# heading\n\n1. one\n- two\n```\ncode\n``` <b>x</b> "
    "[a](javascript:alert(1)) ![i](http://x/y.png)",
    "http://example.org www.example.org &lt;b&gt; &#60;",
    "\u202etxt.exe\u2066 \u0000\u0007\ud800 \u2028line",
    "*all* _of_ **it** ~~gone~~ <https://example.org>",
    "@somebody someone@example.org @a/team",
    "=== +plus -minus 12) twelve",
)
ALL = " ".join(HOSTILE)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.sampled_from(HOSTILE)
"""Any text, and mostly signs that mean something to somebody."""


def report() -> Report:
    """A report with such text wherever text of somebody's may stand."""
    found = Report.of(made())
    origin = Origin(versions={ALL: ALL}, backbone_sha256=ALL, latency=ALL)
    layers = tuple(f"{ALL} {number}" for number in range(24))
    fidelity = {"summary": ALL, "agreements": [{"fidelity": ALL, "verdict": ALL, "spearman": 0.5, "low": None}]}
    tested = tuple(replace(each, measurement={**each.measurement, ALL: 0.5}) for each in found.tested)
    spec = {**found.spec, ALL: ALL, "data": ALL, "deep": {ALL: [ALL, {ALL: ALL}]}}
    spending = replace(found.spending, failures={ALL: 1})
    return replace(
        found,
        name=ALL,
        owner=ALL,
        notes=ALL,
        error=ALL,
        stopped_by=ALL,
        extends=ALL,
        version=ALL,
        labels=(ALL, SCRIPT),
        origin=origin,
        layers=layers,
        fidelity=fidelity,
        tested=tested,
        spec=spec,
        spending=spending,
    )
