"""Whether a typed formula is the right one: a verdict that teaches, from values at points."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from lossedu.practice.formulas.bounded import CERTAIN, Bounded, certain
from lossedu.practice.formulas.faults import FormulaError
from lossedu.practice.formulas.identity import ROUNDED, SAME, NoValueError, Samples, truth_at
from lossedu.practice.formulas.parser import parse_formula
from lossedu.practice.formulas.points import Point, Region
from lossedu.practice.formulas.shown import rounded, shown_number, shown_point
from lossedu.practice.formulas.tree import Tree

Verdict = Literal["right", "rounded", "known", "wrong", "undefined", "unreadable"]

_FEW_DIGITS, _NO_DIGITS = 1e-8, 1e-4
SAYS = {
    "right": "Right.",
    "rounded": "Right, up to rounding. Constants are best left exact, as in log(2) or 1/3.",
    "sign": "The sign is wrong: yours is the answer times -1 at every point. {witness}",
    "ratio": "Yours is the answer times {number} at every point. {witness}",
    "shift": "Yours is the answer plus {number} at every point. {witness}",
    "wrong": "Not the same. {witness}",
    "no names": "Yours is {yours}, the answer is {ours}.",
    "witness": "At {point} yours is {yours}, the answer is {ours}.",
    "undefined": "Yours has no value at {point}: {fault}.",
    "undefined number": "Yours has no value: {fault}.",
}
"""What is said to the person who typed a formula, by the kind of verdict."""


@dataclass(frozen=True, slots=True)
class Witness:
    """A point at which an answer shows what it is worth.

    Attributes:
        point: Name -> value.
        yours: The value of the answer, to six digits; None where it has none.
        ours: The value of the truth, to six digits.
    """

    point: Point
    yours: float | None
    ours: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """The verdict on a typed formula.

    Attributes:
        verdict: ``right``; ``rounded``: right but for rounded constants; ``known``: equal to a
            listed mistake; ``wrong``; ``undefined``: without a value at some point;
            ``unreadable``.
        says: What to tell the person who typed it.
        witness: Where it differs or has no value; None for the other verdicts.
        position: Index of the character that cannot be read; None for the other verdicts.
    """

    verdict: Verdict
    says: str
    witness: Witness | None = None
    position: int | None = None

    @property
    def accepted(self) -> bool:
        """Whether the answer counts as right."""
        return self.verdict in ("right", "rounded")

    def as_json(self) -> dict[str, Any]:
        """Plain data, the same as that of the page."""
        return asdict(self)


def compare(
    answer: str,
    truth: str,
    regions: Sequence[Region],
    mistakes: Sequence[tuple[str, str]] = (),
) -> Comparison:
    """Judge a typed formula by its values at seeded points.

    Args:
        answer: What was typed.
        truth: The right formula, in the same language.
        regions: Boxes of points, name -> (low, high), within which the truth is smooth; a formula
            in pieces has a box for each.  Their names are those that the answer may have.
        mistakes: Wrong formulas that are known, each with what to say of it.

    Returns:
        The verdict; the same for one question and answer in every run, and in the page.

    Raises:
        ValueError: If the truth or a mistake cannot be read, the truth has no value at a point, or
            regions are no boxes.

    Example:
        >>> compare("p - p^2", "p(1-p)", [{"p": (0, 1)}]).verdict
        'right'
        >>> compare("p(1+p)", "p(1-p)", [{"p": (0, 1)}]).says
        'Not the same. At p = 0.6231 yours is 1.011, the answer is 0.2348.'
        >>> mistake = ("1-p", "The factor of the chain rule is missing.")
        >>> compare("1 - p", "p(1-p)", [{"p": (0, 1)}], [mistake]).says
        'The factor of the chain rule is missing.'
    """
    boxes = tuple(
        tuple((name, float(low), float(high)) for name, (low, high) in region.items())
        for region in regions
    )
    ours = truth_at(truth, boxes)
    names = list(ours.points[0])
    wrong = [(parse_formula(formula, names), says) for formula, says in mistakes]
    try:
        tree = parse_formula(answer, names)
    except FormulaError as error:
        return Comparison("unreadable", error.says, position=error.position)
    try:
        yours = ours.of(tree)
    except NoValueError as fault:
        return _undefined(ours, fault)
    return _judged(tree, yours, ours, wrong)


def _judged(tree: Tree, yours: Samples, ours: Samples, wrong: list[tuple[Tree, str]]) -> Comparison:
    """The verdict on an answer that has values everywhere."""
    different = ours.first_difference(yours, SAME)
    if different is None:
        return Comparison("right", SAYS["right"])
    mistakes = [(values, says) for mistake, says in wrong if (values := _defined(ours, mistake))]
    for mistake, says in mistakes:
        if mistake.first_difference(yours, SAME) is None:
            return Comparison("known", says)
    if any(part.kind == "number" and "." in part.text for part in tree.walk()):
        if ours.first_difference(yours, ROUNDED) is None:
            return Comparison("rounded", SAYS["rounded"])
        for mistake, says in mistakes:
            if mistake.first_difference(yours, ROUNDED) is None:
                return Comparison("known", says)
    clear = ours.first_difference(yours, ROUNDED)
    return _wrong(ours, yours, different if clear is None else clear)


def _defined(ours: Samples, mistake: Tree) -> Samples | None:
    """A mistake at the points; None if it has no value at one, as no answer equals it then."""
    try:
        return ours.of(mistake)
    except NoValueError:
        return None


def _six_digits(value: Bounded) -> float:
    """A value for the eye: six digits, three where rounding leaves fewer, zero where none."""
    number, uncertain = float(certain(value)), CERTAIN * value[1]
    if uncertain > _FEW_DIGITS * abs(number):
        return rounded(number, 3) if uncertain <= _NO_DIGITS * abs(number) else 0.0
    return rounded(number, 6)


def _undefined(ours: Samples, fault: NoValueError) -> Comparison:
    """An answer without a value: where, and why."""
    point = ours.points[fault.index]
    kind = "undefined" if point else "undefined number"
    says = SAYS[kind].format(point=shown_point(point), fault=fault.says)
    witness = Witness(dict(point), None, _six_digits(ours.values[fault.index]))
    return Comparison("undefined", says, witness)


def _wrong(ours: Samples, yours: Samples, index: int) -> Comparison:
    """A wrong answer: a point at which it differs, and how, if that is the same everywhere."""
    point = ours.points[index]
    left, right = _six_digits(yours.values[index]), _six_digits(ours.values[index])
    numbers = {"yours": shown_number(left), "ours": shown_number(right)}
    witness = Witness(dict(point), left, right)
    if not point:
        return Comparison("wrong", SAYS["no names"].format(**numbers), witness)
    seen = SAYS["witness"].format(point=shown_point(point), **numbers)
    kind, number = "wrong", 0.0
    if ratio := ours.ratio(yours):
        kind, number = ("sign" if abs(ratio + 1) <= SAME else "ratio"), ratio
    elif shift := ours.shift(yours):
        kind, number = "shift", shift
    return Comparison(
        "wrong", SAYS[kind].format(number=shown_number(number), witness=seen), witness
    )
