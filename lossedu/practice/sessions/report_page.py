"""The report as one HTML file: every number leads to the reviews behind it."""

import html
import json
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files

from lossedu.practice.families import LEVELS, SKILLS, Family
from lossedu.practice.plain_text import one_line_of
from lossedu.practice.progress.records import Review, as_text
from lossedu.practice.sessions.report import RECALL, SHOWN, Report, SkillLine


def report_page(report: Report, families: Mapping[str, Family]) -> str:
    """A page that needs nothing but itself.

    Args:
        report: What `report_of` computed.
        families: The bank, for titles.
    """
    page = _Page(families)
    body = [*_head(report, page), *_skills(report, page), *_actions(report, page)]
    body += [*_memory(report, page), *_habits(report, page), *page.evidence()]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Readiness on {report.on}</title>\n<style>{_style()}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def _style() -> str:
    return files("lossedu.practice.sessions").joinpath("report.css").read_text(encoding="utf-8")


class _Page:
    """Numbers of the page, each with the list of reviews that it leads to."""

    def __init__(self, families: Mapping[str, Family]) -> None:
        self._families = families
        self._lists: dict[str, tuple[str, tuple[Review, ...]]] = {}
        self._keys: dict[tuple[str, ...], str] = {}

    def number(self, text: object, reviews: Iterable[Review], title: str) -> str:
        """A number as a link to the reviews behind it."""
        behind = tuple(reviews)
        if not behind:
            return html.escape(str(text))
        ids = tuple(review.id for review in behind)
        key = self._keys.setdefault(ids, f"r{len(self._keys) + 1}")
        self._lists.setdefault(key, (title, behind))
        label = html.escape(f"{text}: {title}", quote=True)
        return f'<a href="#{key}" aria-label="{label}">{html.escape(str(text))}</a>'

    def title(self, family: str) -> str:
        """What a family is about."""
        known = self._families.get(family)
        return html.escape(one_line_of(known.title) if known else family)

    def evidence(self) -> Iterator[str]:
        """The lists of reviews, behind everything else."""
        if self._lists:
            yield "<h2>The reviews behind a number</h2>"
            yield '<p class="soft">Follow a number, and its reviews are here.</p>'
        heading = _heading("time", "question", "verdict", n=("hints", "s"))
        for key, (title, reviews) in self._lists.items():
            rows = "".join(map(self._row, sorted(reviews, key=lambda one: one.when)))
            yield (
                f'<section class="behind" id="{key}"><h3>{html.escape(title)}: {len(reviews)}</h3>'
                f'<div class="wide"><table>{heading}<tbody>{rows}</tbody></table></div>'
                '<p><a href="#top">back to the report</a></p></section>'
            )

    def _row(self, review: Review) -> str:
        when = as_text(review.when)[:16].replace("T", " ")
        answer = html.escape(_shown(review))
        return (
            f"<tr><td>{when}</td><td>{self.title(review.family)}<br><code>{answer}</code></td>"
            f"<td>{review.verdict}, {review.source}</td>"
            f'<td class="n">{review.hints}</td><td class="n">{review.seconds:.0f}</td></tr>'
        )


def _shown(review: Review) -> str:
    if review.ticks:
        return "; ".join(review.ticks)
    answer = review.answer
    text = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:117]}..."


def _heading(*names: str, n: Iterable[str] = ()) -> str:
    """A row of headings; those of numbers stand on the right."""
    cells = [f'<th scope="col">{html.escape(name)}</th>' for name in names]
    cells += [f'<th scope="col" class="n">{html.escape(name)}</th>' for name in n]
    return f"<thead><tr>{''.join(cells)}</tr></thead>"


def _head(report: Report, page: _Page) -> Iterator[str]:
    kind = "Interview" if report.exam else "In a week"
    answered = page.number(len(report.reviews), report.reviews, "All answers")
    right = page.number(len(report.right), report.right, "Accepted answers")
    dates = f"{kind}: {report.on}. Made on {report.day}."
    yield f'<h1 id="top">Readiness</h1><p class="soft">{dates}</p>'
    yield f"<p>{answered} answers, of which {right} accepted.</p>"


def _skills(report: Report, page: _Page) -> Iterator[str]:
    rows = "".join(_skill(line, page) for line in report.skills)
    heading = _heading("skill", "level", "claimed", "shown", n=("accepted", "seen", "recall"))
    yield (
        f'<h2>Claimed and shown</h2><p class="soft">{SHOWN} Its circles are filled; open ones are '
        f"claimed alone. {RECALL}</p>"
        f'<table class="skills">{heading}<tbody>{rows}</tbody></table>'
    )


def _skill(line: SkillLine, page: _Page) -> str:
    name = SKILLS[line.skill]
    claimed = "not rated" if line.claimed is None else f"{line.claimed} {LEVELS[line.claimed]}"
    shown = "nothing yet"
    if line.shown is not None:
        number = page.number(line.shown, line.evidence, f"{name}: what shows the level")
        shown = f"{number} {LEVELS[line.shown]} ({line.kind})"
    right = page.number(len(line.right), line.right, f"{name}: accepted")
    answered = page.number(len(line.answered), line.answered, f"{name}: answered")
    recall = "" if line.recall is None else f"{line.recall:.0%}"
    cells = {
        "level": _dots(line.shown or 0, line.claimed or 0),
        "claimed": claimed,
        "shown": shown,
        "accepted": f"{right} of {answered}",
        "seen": f"{line.seen} of {line.families}",
        "recall": page.number(recall, line.answered, f"{name}: answered"),
    }
    return (
        f'<tr><th scope="row">{html.escape(name)}</th>'
        + "".join(f'<td data-label="{k}"><span>{cell}</span></td>' for k, cell in cells.items())
        + "</tr>"
    )


def _dots(shown: int, claimed: int) -> str:
    """Five circles: filled up to what is shown, drawn in ink up to what is claimed."""
    kinds = ["shown" if n <= shown else "claimed" if n <= claimed else "" for n in LEVELS]
    circles = "".join(f'<i class="{kind}"></i>' for kind in kinds)
    return f'<span class="dots" aria-hidden="true">{circles}</span>'


def _actions(report: Report, page: _Page) -> Iterator[str]:
    steps = []
    for action in report.actions:
        count = page.number(len(action.reviews), action.reviews, action.why)
        behind = f" ({count} reviews)" if action.reviews else ""
        command = html.escape(action.command)
        steps.append(f"<li><code>{command}</code><br>{html.escape(action.why)}{behind}</li>")
    yield f'<h2>Next five steps</h2><ol class="steps">{"".join(steps)}</ol>'


def _memory(report: Report, page: _Page) -> Iterator[str]:
    expected = page.number(f"{report.expected:.0f}", report.reviews, "All answers")
    yield (
        f"<h2>Recall on {report.on}</h2><p>Of {report.cards} questions seen, {expected} are "
        "expected to be recalled.</p>"
    )
    weak = []
    for one in report.weakest:
        recall = page.number(f"{one.recall:.0%}", one.reviews, one.title)
        wrong = f"{one.wrong} of {len(one.reviews)} answers wrong"
        weak.append(f"<li>recall {recall}, {wrong}: {page.title(one.family)}</li>")
    slow = []
    for late in report.slowest:
        middle = page.number(f"{late.seconds:.0f} s", late.reviews, late.title)
        slow.append(f"<li>{middle} where {late.limit} s are fluent: {page.title(late.family)}</li>")
    yield f"<h2>Weakest</h2>{_listed(weak, 'No answer was wrong.')}"
    yield f"<h2>Slowest</h2>{_listed(slow, 'Nothing takes longer than it should.')}"


def _habits(report: Report, page: _Page) -> Iterator[str]:
    parts = [
        f"{page.number(len(reviews), reviews, f'Answers with {count} hints')} with {count or 'no'} "
        f"hint{'' if count == 1 else 's'}"
        for count, reviews in report.hints.items()
    ]
    yield f"<h2>Hints</h2><p>{', '.join(parts)}.</p>"
    flags = [
        f"<li>{html.escape(flag.text)}: "
        f"{page.number(len(flag.reviews), flag.reviews, flag.text)} times</li>"
        for flag in report.flags
    ]
    yield f"<h2>Red flags ticked</h2>{_listed(flags, 'None.')}"


def _listed(items: list[str], otherwise: str) -> str:
    return f"<ul>{''.join(items)}</ul>" if items else f"<p>{otherwise}</p>"
