"""The bank tests itself: every family is sound, and together they cover what the course asks for.

`check_bank` is what ``lossedu drill check-bank`` prints; the tests run it with few seeds.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lossedu.names import suggestion
from lossedu.practice.families.bank import bank_folder, families
from lossedu.practice.families.faults import FamilyError
from lossedu.practice.families.question import Family
from lossedu.practice.families.reading import schema_faults
from lossedu.practice.families.skills import KINDS, LEVELS, SKILLS, TASKS
from lossedu.practice.families.soundness import faults_of
from lossedu.tables import Cell, Table


@dataclass(frozen=True)
class BankReport:
    """What `check_bank` sees.

    Attributes:
        faults: Sentences, each beginning with a file or an id; empty if the bank is sound.
        gaps: What is not asked yet: cells of skill and level, tasks, kinds, losses.
        skills: Families for each skill and level.
        kinds: Families of each kind.
        tasks: Which families serve each of the fifteen tasks.
    """

    faults: tuple[str, ...]
    gaps: tuple[str, ...]
    skills: Table
    kinds: Table
    tasks: Table


def check_bank(
    bank: Mapping[str, Family] | None = None,
    *,
    names: Sequence[str] = (),
    seeds: int = 200,
    book: Path | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> BankReport:
    """Try every family as a candidate would, and count what they cover.

    Args:
        bank: The families; else all.
        names: Which of them: ids, or how ids begin; else all.
        seeds: Variants of each that are tried, if it has so many.
        book: The folder of the book, if sources and chapters are to be looked up in it.
        progress: Called with the id of each family before it is tried.

    Returns:
        The faults, the gaps and three tables.

    Raises:
        ValueError: If a name is that of no family.
    """
    known = families() if bank is None else bank
    sound: dict[str, Family] = {}
    faults: list[str] = []
    for identity in _named(names, known):
        progress(identity)
        try:
            one = known[identity]
        except FamilyError as error:
            faults.append(str(error))
            continue
        shape = _shape_faults(identity)
        faults += shape or [*faults_of(one, seeds), *_link_faults(one, {*known, *families()}, book)]
        sound[identity] = one
    return BankReport(tuple(faults), tuple(_gaps(sound)), *_tables(sound))


def _named(names: Sequence[str], known: Iterable[str]) -> list[str]:
    ids = list(known)
    for name in names:
        if not any(identity.startswith(name) for identity in ids):
            raise ValueError(
                f"names must be ids of families, or how ids begin, but {name!r} is neither."
                f"{suggestion(name, ids)}"
            )
    return [one for one in ids if not names or one.startswith(tuple(names))]


def _shape_faults(identity: str) -> list[str]:
    """Departures from the schema; generated families have no file."""
    path = bank_folder() / f"{identity}.yaml"
    return schema_faults(path) if path.is_file() else []


def _link_faults(one: Family, known: set[str], book: Path | None) -> list[str]:
    """What a family refers to and is not there."""
    found = [
        f"follow_up must be a question or an id, but {text!r} is neither"
        for text in one.follow_up.values()
        if " " not in text and text not in known
    ]
    if one.task and TASKS[one.task].day != one.milestone:
        found.append(f"milestone must be the day of its task, but is {one.milestone}")
    if book is not None:
        bibliography = (book / "references.bib").read_text(encoding="utf-8")
        keys = set(re.findall(r"@\w+\{([^,\s]+),", bibliography))
        found += [
            f"sources must be in the bibliography, but {s!r} is not"
            for s in one.sources
            if s not in keys
        ]
        found += _page_faults(one.chapter, book)
    return [f"{one.id}: {fault}" for fault in found]


def _page_faults(chapter: str, book: Path) -> list[str]:
    """A page that is written must have the section that a family names."""
    page, _, anchor = chapter.partition("#")
    path = book / f"{page}.md"
    if not path.is_file() or not anchor:
        return []
    text = path.read_text(encoding="utf-8")
    sections = {_slug(title) for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}
    sections |= set(re.findall(r"^\(([\w-]+)\)=$", text, re.MULTILINE))
    return (
        [] if anchor in sections else [f"chapter must name a section, but {page} has no #{anchor}"]
    )


def _slug(title: str) -> str:
    return re.sub(r"[^\w]+", "-", title.lower()).strip("-")


def _gaps(bank: Mapping[str, Family]) -> list[str]:
    from lossedu.catalog import specs

    cells = {(skill, one.level) for one in bank.values() for skill in one.skills}
    gaps = [
        f"{skill} at level {level} has no family"
        for skill in SKILLS
        for level in LEVELS
        if (skill, level) not in cells
    ]
    served = {one.task for one in bank.values()}
    gaps += [f"task {task} has no family" for task in TASKS if task not in served]
    asked = {one.kind for one in bank.values()}
    gaps += [f"kind {kind} has no family" for kind in KINDS if kind not in asked]
    topics = {topic for one in bank.values() for topic in one.topics}
    slugs = sorted({spec.slug.replace("_", "-") for spec in specs().values()})
    return gaps + [f"loss {slug} has no family" for slug in slugs if slug not in topics]


def _tables(bank: Mapping[str, Family]) -> tuple[Table, Table, Table]:
    every = bank.values()
    grid: list[list[Cell]] = [
        [skill, *(sum(skill in f.skills and f.level == level for f in every) for level in LEVELS)]
        for skill in SKILLS
    ]
    kinds: list[list[Cell]] = [[kind, sum(one.kind == kind for one in every)] for kind in KINDS]
    served = {task: [one.id for one in every if one.task == task] for task in TASKS}
    tasks: list[list[Cell]] = [
        [TASKS[task].day, TASKS[task].words, ", ".join(names) or "none"]
        for task, names in served.items()
    ]
    levels = [f"{level} {words}" for level, words in LEVELS.items()]
    return (
        Table(["Skill", *levels], grid, label="Families for each skill and level"),
        Table(["Kind", "Families"], kinds, label="Families of each kind"),
        Table(["Day", "Task", "Families"], tasks, label="Families for each of the fifteen tasks"),
    )
