"""A gate's decision for machines and people: JSON, Markdown, JUnit."""

import json
import math
from dataclasses import asdict
from xml.etree import ElementTree

from lossedu.monitoring.gate.decision import GateDecision
from lossedu.tables import as_text


def as_json(decision: GateDecision) -> str:
    """The decision as one JSON object."""
    whole = {
        "verdict": decision.verdict,
        "exit_code": decision.exit_code,
        "examples": decision.n,
        "least": decision.policy.least,
        "confidence": decision.policy.confidence,
        "checks": [asdict(check) for check in decision.checks],
    }
    return json.dumps(_without_nan(whole), indent=2) + "\n"


def as_markdown(decision: GateDecision) -> str:
    """The decision as a table for a pull request."""
    head, *body = decision.table().text()
    lines = [f"**Gate: {decision.verdict}** ({decision.n} examples)", ""]
    lines += [_row(head), _row(["---"] * len(head)), *map(_row, body)]
    return "\n".join(lines) + "\n"


def as_junit(decision: GateDecision) -> str:
    """The decision as test results: doubt is an error, as it is not a pass."""
    failed = sum(check.verdict == "failed" for check in decision.checks)
    unknown = sum(check.verdict == "not enough evidence" for check in decision.checks)
    numbers = {"tests": len(decision.checks), "failures": failed, "errors": unknown}
    suite = ElementTree.Element("testsuite", {"name": "gate"})
    for key, number in numbers.items():
        suite.set(key, str(number))
    for check in decision.checks:
        name = f"{check.name} {check.limit.kind} {check.limit.value:g}"
        case = ElementTree.SubElement(suite, "testcase", classname="gate", name=name)
        if check.verdict != "passed":
            kind = "failure" if check.verdict == "failed" else "error"
            said = f"{check.verdict}: {as_text(check.value)}, from {as_text(check.low)} to "
            ElementTree.SubElement(case, kind, message=said + as_text(check.high))
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _row(cells: "list[str] | tuple[str, ...]") -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _without_nan(value: object) -> object:
    """JSON has neither NaN nor infinity: what is not known is null."""
    if isinstance(value, dict):
        return {key: _without_nan(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
