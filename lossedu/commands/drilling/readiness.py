"""The readiness report in the terminal, and as JSON."""

from typing import Any

from lossedu.commands.drilling.terminal import Terminal
from lossedu.practice.families import LEVELS, SKILLS
from lossedu.practice.sessions.report import Report, SkillLine

_INDENT = " " * 8
_DOT, _CLAIM = "●", "○"


def show(terminal: Terminal, report: Report) -> None:
    """Print the report: counts, and no single score."""
    kind = "interview on" if report.exam else "in a week,"
    terminal.rule("Readiness", f"{kind} {report.on}")
    terminal.write(
        f"Answers: {len(report.reviews)}, accepted: {len(report.right)}. Questions seen: "
        f"{report.cards}, recalled on {report.on}: {report.expected:.0f}."
    )
    _skills(terminal, report)
    _people(terminal, report)
    terminal.rule("Next")
    for number, action in enumerate(report.actions, 1):
        terminal.line(f"  {number}. {action.command}", "bold")
        terminal.write(action.why, indent="     ")


def _skills(terminal: Terminal, report: Report) -> None:
    """A row of five levels for each skill: what is shown is filled, what is claimed is open."""
    terminal.rule("Skills", f"{_DOT} shown  {_CLAIM} claimed")
    for line in report.skills:
        marks = "".join(_mark(level, line.shown or 0, line.claimed or 0) for level in LEVELS)
        terminal.write(SKILLS[line.skill], indent=_INDENT, first=f"  {marks} ")
        terminal.write(_evidence(line), "dim", indent=_INDENT)


def _evidence(line: SkillLine) -> str:
    """What the level rests on, in counts."""
    if not line.seen:
        return f"not asked yet; {line.families} questions"
    shown = f"{LEVELS[line.shown]} ({line.kind})" if line.shown else "nothing shown"
    recall = "" if line.recall is None else f", recall {line.recall:.0%}"
    right = f"{len(line.right)} of {len(line.answered)} right"
    return f"{shown}; {right}, {line.seen} of {line.families} questions{recall}"


def _mark(level: int, shown: int, claimed: int) -> str:
    return _DOT if level <= shown else _CLAIM if level <= claimed else "·"


def _people(terminal: Terminal, report: Report) -> None:
    """Weakest, slowest, hints and red flags; nothing where there is nothing."""
    if report.weakest:
        terminal.rule("Weakest", f"recall on {report.on}")
        for weak in report.weakest:
            wrong = f"{weak.wrong} of {len(weak.reviews)} wrong"
            terminal.write(f"{weak.recall:.0%}  {weak.title} ({wrong})", indent="  ")
    if report.slowest:
        terminal.rule("Slowest", "median and limit")
        for slow in report.slowest:
            terminal.write(f"{slow.seconds:.0f} s of {slow.limit} s  {slow.title}", indent="  ")
    if report.reviews:
        terminal.rule("Hints")
        counts = [
            f"{len(reviews)} with {count or 'none'}" for count, reviews in report.hints.items()
        ]
        terminal.line(f"  {', '.join(counts)}")
    if report.flags:
        terminal.rule("Red flags ticked")
        for flag in report.flags:
            terminal.write(f"{len(flag.reviews)} x  {flag.text}", "red", indent="  ")


def as_json(report: Report) -> dict[str, Any]:
    """The report for a machine: each count with the ids of its reviews."""
    return {
        "day": report.day.isoformat(),
        "on": report.on.isoformat(),
        "reviews": len(report.reviews),
        "right": len(report.right),
        "cards": report.cards,
        "expected": report.expected,
        "skills": [
            {
                "skill": line.skill,
                "claimed": line.claimed,
                "shown": line.shown,
                "kind": line.kind or None,
                "evidence": [review.id for review in line.evidence],
                "answered": [review.id for review in line.answered],
                "right": len(line.right),
                "families": line.families,
                "seen": line.seen,
                "recall": line.recall,
            }
            for line in report.skills
        ],
        "weakest": [
            {"family": one.family, "recall": one.recall, "wrong": one.wrong}
            for one in report.weakest
        ],
        "slowest": [
            {"family": one.family, "seconds": one.seconds, "limit": one.limit}
            for one in report.slowest
        ],
        "hints": {str(count): len(reviews) for count, reviews in report.hints.items()},
        "flags": [
            {"text": flag.text, "reviews": [review.id for review in flag.reviews]}
            for flag in report.flags
        ],
        "actions": [{"command": one.command, "why": one.why} for one in report.actions],
    }
