"""The report as one HTML file: every number leads to the reviews behind it."""

import html
import json
from collections.abc import Iterable, Iterator, Mapping

from lossedu.practice.families import LEVELS, SKILLS, Family
from lossedu.practice.plain_text import one_line_of
from lossedu.practice.progress.records import Review, as_text
from lossedu.practice.sessions.report import Report

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1b; --soft: #5c5c5c; --line: #d0d0d0;
  --page: #fff; --mark: #0060a8; --wash: #f2f6fa; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e8; --soft: #a8a8a8; --line: #444;
  --page: #16181b; --mark: #7cc0f5; --wash: #20262c; } }
body { margin: 0 auto; max-width: 60rem; padding: 1.5rem 1rem 6rem; background: var(--page);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .3rem; }
.soft { color: var(--soft); } .wide { overflow-x: auto; }
a { color: var(--mark); text-underline-offset: .15em; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
thead th { color: var(--soft); font-weight: 600; } td.n { text-align: right; }
code { font-size: .9em; overflow-wrap: anywhere; }
section.behind { border-top: 1px solid var(--line); }
section.behind:target { background: var(--wash); outline: 2px solid var(--mark); padding: 0 .6rem; }
.steps li { margin: .4rem 0; }
@media print { :root { --ink: #000; --soft: #333; --page: #fff; --mark: #000; --line: #999; }
  section.behind { break-inside: avoid; } body { font-size: 10pt; } }
"""


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
        f"<title>Readiness on {report.on}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


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
            yield "<h2>The reviews behind the numbers</h2>"
        for key, (title, reviews) in self._lists.items():
            rows = "".join(map(self._row, reviews))
            yield (
                f'<section class="behind" id="{key}"><h3>{html.escape(title)}: {len(reviews)}</h3>'
                f'<div class="wide"><table>{_heading("time", "question", "verdict", "hints", "s")}'
                f"<tbody>{rows}</tbody></table></div>"
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


def _heading(*names: str) -> str:
    cells = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in names)
    return f"<thead><tr>{cells}</tr></thead>"


def _head(report: Report, page: _Page) -> Iterator[str]:
    kind = "Interview" if report.exam else "In a week"
    answered = page.number(len(report.reviews), report.reviews, "All answers")
    right = page.number(len(report.right), report.right, "Accepted answers")
    dates = f"{kind}: {report.on}. Made on {report.day}."
    yield f'<h1 id="top">Readiness</h1><p class="soft">{dates}</p>'
    yield f"<p>{answered} answers, of which {right} accepted.</p>"


def _skills(report: Report, page: _Page) -> Iterator[str]:
    rows = []
    for line in report.skills:
        name = SKILLS[line.skill]
        claimed = "not rated" if line.claimed is None else f"{line.claimed} {LEVELS[line.claimed]}"
        shown = "nothing yet"
        if line.shown is not None:
            number = page.number(line.shown, line.evidence, f"{name}: what shows the level")
            shown = f"{number} {LEVELS[line.shown]} ({line.kind})"
        right = page.number(len(line.right), line.right, f"{name}: accepted")
        answered = page.number(len(line.answered), line.answered, f"{name}: answered")
        recall = "" if line.recall is None else f"{line.recall:.0%}"
        rows.append(
            f'<tr><th scope="row">{html.escape(name)}</th><td>{claimed}</td><td>{shown}</td>'
            f"<td>{right} of {answered}</td><td>{line.seen} of {line.families}</td>"
            f'<td class="n">{page.number(recall, line.answered, f"{name}: answered")}</td></tr>'
        )
    heading = _heading("skill", "claimed", "shown", "accepted", "questions seen", "recall")
    yield (
        '<h2>Claimed and shown</h2><p class="soft">Shown is the highest level of a question whose '
        "last answer was right and without a hint. Recall is what is expected on "
        f"{report.on} of the questions seen.</p>"
        f'<div class="wide"><table>{heading}<tbody>{"".join(rows)}</tbody></table></div>'
    )


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
        weak.append(f"<li>{page.title(one.family)}: recall {recall}, {wrong}</li>")
    slow = [
        f"<li>{page.title(one.family)}: "
        f"{page.number(f'{one.seconds:.0f} s', one.reviews, one.title)} where {one.limit} s are "
        "fluent</li>"
        for one in report.slowest
    ]
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
