"""The list of all families that the practice page begins with: a table, each word once."""

import json
from collections.abc import Mapping

from lossedu.practice.families import KINDS, LEVELS, MILESTONE_DAYS, SKILLS, Family
from lossedu.practice.plain_text import one_line_of
from lossedu.practice.sessions import actions, mock, report

COLUMNS = (
    *("id", "title", "skills", "level", "kind", "seconds", "topics", "chapter", "variants"),
    "milestone",
)


def script(
    families: Mapping[str, Family], variants: Mapping[str, int], pages: Mapping[str, str]
) -> str:
    """The file ``index.js``.

    Args:
        families: All families.
        variants: How many variants each of them has.
        pages: Title of each page of the book, by its name.
    """
    rows = [_row(one, variants[name]) for name, one in families.items()]
    chapters = {one.chapter.partition("#")[0] for one in families.values()}
    data = {
        "columns": COLUMNS,
        "families": rows,
        "skills": dict(SKILLS),
        "levels": {str(level): words for level, words in LEVELS.items()},
        "kinds": dict(KINDS),
        "definitions": {
            "shown": report.SHOWN,
            "recall": report.RECALL,
            "most": report.MOST,
            "ahead": report.IN_A_WEEK.days,
            "actions": actions.COUNT,
            "mockEvery": actions.MOCK_EVERY.days,
            "mockMinutes": mock.MINUTES[1],
            "tooManyHints": actions.TOO_MANY_HINTS,
            "milestones": MILESTONE_DAYS,
        },
        "chapters": {page: pages[page] for page in sorted(chapters) if page in pages},
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"lossedu.practice.takeIndex({text});\n"


def _row(one: Family, variants: int) -> list[object]:
    found: dict[str, object] = {name: getattr(one, name) for name in COLUMNS if name != "variants"}
    found |= {
        "title": one_line_of(one.title),
        "variants": variants,
        "skills": list(one.skills),
        "topics": list(one.topics),
    }
    return [found[name] for name in COLUMNS]
