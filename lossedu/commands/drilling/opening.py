"""How a session begins and ends, and the self-assessment."""

from typing import TYPE_CHECKING, Any

from lossedu.commands.drilling.terminal import Terminal
from lossedu.practice.families import LEVELS, SKILLS
from lossedu.practice.sessions.grid import claimed_levels, ratings_of
from lossedu.practice.sessions.today import Today

if TYPE_CHECKING:
    from lossedu.commands.drilling.course import Tally
    from lossedu.practice.progress import Store

WELCOME = (
    "Interview questions on losses; each comes back in time.",
    "? is a hint and costs a grade; skip or quit lose nothing.",
)


def greet(terminal: Terminal, plan: Today, seconds: list[int]) -> None:
    """Say what is to come; to somebody new, in three lines, how it goes."""
    if plan.first:
        for line in WELCOME:
            terminal.write(line)
        minutes = max(1, round(sum(seconds) / 60))
        terminal.write(
            f"First a set of {_questions(len(plan.items))}, "
            f"{minutes} minute{'' if minutes == 1 else 's'} at most."
        )
        terminal.ask("Enter to begin ")
        return
    parts = [f"{plan.due} due"]
    if plan.milestone:
        parts.append(
            f"milestone of day {plan.milestone.day}: {_questions(len(plan.milestone.missing))}"
        )
    parts.append(f"{plan.new} not seen yet")
    terminal.write(f"{_questions(len(plan.items))} now ({'; '.join(parts)}).")
    if plan.plan:
        terminal.write(
            f"Interview on {plan.plan.exam}: questions come back at {plan.plan.retention:.0%} "
            f"recall, which leaves most on that day ({plan.plan.recall:.0%} of the bank).",
            "dim",
        )


def close(terminal: Terminal, store: "Store", plan: Today, tally: "Tally") -> None:
    """Say what was done and what comes next."""
    terminal.line()
    plural = "" if tally.answered == 1 else "s"
    terminal.wrapped(f"{tally.answered} answer{plural}, {tally.right} right. Kept in {store.path}")
    if plan.first:
        terminal.write(
            "`lossedu drill grid` asks where you stand, `lossedu drill today` goes on, and "
            "`--date 2027-01-31` leads up to an interview."
        )
    elif not plan.items and plan.next_day:
        terminal.write(f"Nothing is due before {plan.next_day}.")


def _questions(count: int) -> str:
    return f"{count} question{'' if count == 1 else 's'}"


def as_json(plan: Today) -> dict[str, Any]:
    """What is due, for a machine."""
    return {
        "items": [
            {"family": one.family, "variant": one.variant, "why": one.why} for one in plan.items
        ],
        "due": plan.due,
        "new": plan.new,
        "milestone": plan.milestone.day if plan.milestone else None,
        "retention": plan.plan.retention if plan.plan else None,
        "next_day": plan.next_day.isoformat() if plan.next_day else None,
    }


def rate(terminal: Terminal, store: "Store") -> None:
    """Ask for a level of each skill; Enter leaves what was said before."""
    known = claimed_levels(store.progress().grid)
    scale = ", ".join(f"{level} {words}" for level, words in LEVELS.items())
    terminal.write(f"{scale}. Enter leaves a skill as it is.")
    for skill, words in SKILLS.items():
        terminal.line()
        terminal.write(words, "bold")
        level = _level(terminal, known.get(skill))
        if level is not None:
            store.rate(ratings_of({skill: level}, terminal.clock.now()))
    rated = claimed_levels(store.progress().grid)
    terminal.line()
    terminal.write(f"{len(rated)} of {len(SKILLS)} skills are rated. Next: `lossedu drill report`")


def _level(terminal: Terminal, known: int | None) -> int | None:
    prompt = f"  1 to 5, now {known}: " if known else "  1 to 5: "
    while True:
        typed = terminal.ask(prompt)
        if not typed:
            return None
        if typed in map(str, LEVELS):
            return int(typed)
        terminal.line("  A number from 1 to 5.", "yellow")
