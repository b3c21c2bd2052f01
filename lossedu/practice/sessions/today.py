"""What to practise today: the milestone's tasks, what is due, and something new.

With a date, the schedule is the one that leaves most recalled on it, and on the two days before it
what would be least certain comes once more.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from lossedu.practice.families import Family
from lossedu.practice.progress.exam import ExamPlan, last_reviews, plan_for
from lossedu.practice.progress.milestones import Milestone, current, milestones
from lossedu.practice.progress.records import Progress
from lossedu.practice.progress.schedule import Schedule, cards_of
from lossedu.practice.sessions.answering import Item, items_of
from lossedu.practice.sessions.grid import claimed_levels

SIZE = 10
FIRST_SIZE = 3
FIRST_SECONDS = 120
"""A first set takes two minutes at most."""
_QUICK = ("number", "choice", "match", "order", "formula")
_USUAL_LEVEL = 2


@dataclass(frozen=True)
class Today:
    """A session, and why it is as it is."""

    items: tuple[Item, ...]
    first: bool
    """Whether nothing was answered before."""
    due: int
    new: int
    milestone: Milestone | None
    plan: ExamPlan | None
    next_day: date | None
    """Where nothing is due today: the day on which something is."""


def today(
    families: Mapping[str, Family],
    progress: Progress,
    day: date,
    *,
    size: int = SIZE,
) -> Today:
    """Choose the questions of a session.

    Args:
        families: The bank.
        progress: All reviews so far, and the date that counts, if there is one.
        day: Today, in UTC.
        size: As many questions at most.
    """
    cards = {name: card for name, card in cards_of(progress.reviews).items() if name in families}
    unseen = new_in_order(families, progress)
    if not progress.reviews:
        first = items_of(_first_set(families, unseen), (), "new")
        return Today(tuple(first[:size]), True, 0, len(unseen), None, None, None)
    plan = None
    if progress.exam is not None and progress.exam > day:
        plan = plan_for(cards, progress.exam, day, new=unseen)
    schedule = Schedule(cards, plan.retention) if plan else Schedule(cards)
    last = last_reviews(cards.values(), progress.exam, day) if progress.exam else []
    due = [card.family for card in last or schedule.due(day)]
    planned = {name: family.milestone for name, family in families.items()}
    days = {name: day_of for name, day_of in planned.items() if day_of is not None}
    task = current(milestones(days, progress, day), day)
    # a task of the milestone is not asked as due or as new as well
    tasks = list(task.missing) if task else []
    chosen = list(dict.fromkeys([*tasks, *due]))[:size]
    items = items_of(chosen, progress.reviews, "due")
    items = [replace(one, why="milestone") if one.family in tasks else one for one in items]
    new = [name for name in unseen if name not in chosen][: size - len(items)]
    items += items_of(new, progress.reviews, "new")
    return Today(tuple(items), False, len(due), len(unseen), task, plan, schedule.next_day())


def new_in_order(families: Mapping[str, Family], progress: Progress) -> list[str]:
    """What was never asked: the lowest level first, the skills in turn.

    A skill that somebody claims at a level begins one below it.
    """
    seen = {review.family for review in progress.reviews}
    claimed = claimed_levels(progress.grid)
    waiting = [family for name, family in families.items() if name not in seen]
    waiting.sort(key=lambda family: (_distance(family, claimed), family.seconds, family.id))
    turn: dict[tuple[int, str], int] = {}
    places = {}
    for family in waiting:
        key = (_distance(family, claimed), family.skills[0])
        turn[key] = turn.get(key, -1) + 1
        places[family.id] = (key[0], turn[key])
    return sorted(places, key=lambda name: (places[name], name))


def _distance(family: Family, claimed: Mapping[str, int]) -> int:
    """How many levels a family lies above the one to begin with; what lies below comes last."""
    start = max(claimed.get(family.skills[0], 0) - 1, _USUAL_LEVEL)
    return family.level - start if family.level >= start else 10 - family.level


def _first_set(families: Mapping[str, Family], unseen: Iterable[str]) -> list[str]:
    """A few quick questions of different skills, two minutes together."""
    chosen: list[str] = []
    skills: set[str] = set()
    left = FIRST_SECONDS
    waiting = sorted(
        unseen, key=lambda name: (families[name].level != _USUAL_LEVEL, families[name].seconds)
    )
    for strict in (True, False):  # first one of each skill, then whatever fits
        for name in waiting:
            family = families[name]
            fits = family.kind in _QUICK and family.seconds <= left
            if not fits or name in chosen or (strict and family.skills[0] in skills):
                continue
            if len(chosen) < FIRST_SIZE:
                chosen.append(name)
                skills.add(family.skills[0])
                left -= family.seconds
    return chosen or waiting[:1]
