"""Judging typed formulas: in Python with 40 digits, and in a page with float64."""

import json
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from benchmarks.measure import Measured, Row
from lossedu.practice.formulas import compare

ROOT = Path(__file__).parents[1]
VECTORS = ROOT / "tests" / "practice" / "formula_vectors.json"
SCRIPT = ROOT / "book" / "_static" / "practice" / "formulas.js"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
HERE_MS, THERE_MS = 50.0, 20.0
IN_A_PAGE = """([answers, rounds]) => answers.map(([answer, truth, regions, mistakes]) => {
  const best = Array.from({ length: rounds }, () => {
    const start = performance.now(); // in steps of 0.1 ms, hence fifty at once
    for (let run = 0; run < 50; run += 1) {
      lossedu.formulas.compare(answer, truth, regions, mistakes);
    }
    return (performance.now() - start) / 50;
  });
  return Math.min(...best);
})"""
FIRST_IN_A_PAGE = """([source, answer]) => {
  const start = performance.now();
  const script = document.createElement("script");
  script.textContent = source;
  document.head.append(script);
  lossedu.formulas.compare(...answer);
  return performance.now() - start;
}"""

Answer = list[Any]
"""What is typed, the truth, its regions and the known mistakes."""


def rows(device: str, *, quick: bool) -> Iterator[Row]:
    """Every row, as soon as it is measured; a formula needs no accelerator."""
    if device != "cpu":
        return
    answers, rounds = known_answers(40 if quick else None), 2 if quick else 5
    size = f"{len(answers)} answers"
    here = [1e3 * best_of(rounds, lambda a=a: compare(*a)) for a in answers]
    yield from both("compare in Python", size, here, HERE_MS)
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print("the rows of the page need a browser, and there is none", file=sys.stderr)
        return
    first, there = in_a_page(browser, answers, rounds)
    yield from both("compare in a page", size, there, THERE_MS)
    limit = ("< 100 ms", first < 100)
    yield Row(
        "first answer of a page, with the script",
        "1 answer",
        "",
        Measured(first),
        None,
        limit=limit,
    )


def both(what: str, size: str, times: list[float], limit_ms: float) -> Iterator[Row]:
    """The usual and the longest time of an answer."""
    for name, ms in (("median", statistics.median(times)), ("longest", max(times))):
        limit = (f"< {limit_ms:g} ms", ms < limit_ms)
        yield Row(f"{what}, {name}", size, "", Measured(ms), None, limit=limit)


def known_answers(most: int | None) -> list[Answer]:
    """The answers that tests hold Python and the page to."""
    kept = json.loads(VECTORS.read_text(encoding="utf-8"))
    questions = [(one["answer"], kept["questions"][one["question"]]) for one in kept["compare"]]
    return [[answer, q["truth"], q["regions"], q["mistakes"]] for answer, q in questions][:most]


def best_of(rounds: int, run: Callable[[], object]) -> float:
    """Seconds of the shortest of several runs."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def in_a_page(program: str, answers: list[Answer], rounds: int) -> tuple[float, list[float]]:
    """Milliseconds of the first answer, from the script's text on, and of each."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page()
        source = SCRIPT.read_text(encoding="utf-8")
        first = page.evaluate(FIRST_IN_A_PAGE, [source, answers[0]])
        each = page.evaluate(IN_A_PAGE, [answers, rounds])
        browser.close()
    return first, each
