"""Formulas that people type as answers: read, valued, drawn and compared, and never run as code.

A small language with its own reader (`parse_formula`), 40-digit values (`value_of`), LaTeX
(`latex_of`) and an identity test at seeded points that says *where* a wrong formula differs
(`compare`).  ``book/_static/practice/formulas.js`` does the same in a page, in float64; both give
the same verdicts, word for word.

What may stand in a formula, with `LANGUAGE` as its short form for readers:

* **Names** of the question alone, Greek letters by name or sign; ``p_t`` may be typed ``pt`` where
  that is no product of names.  Names of one letter may touch: ``pq`` is ``p*q``.  Longer ones must
  be separated: ``gamma p``, not ``gammap``; the error says so.
* **Products** without sign: ``2p``, ``p(1-p)``, ``(1-p)(1-q)``, ``gamma p log(p)``.  Not behind a
  slash, where ``1/2p`` could mean two things, nor touching an exponent, as in ``e^2x``: both are
  refused with what to write.
* **Powers**: ``^``, ``**``, ``²``.  ``-x^2`` is ``-(x^2)``, ``2^-x`` is read, ``a^b^c`` is refused.
  A number as exponent is at most 12.
* **Brackets** are ``( )``, ``[ ]`` or ``{ }``: ``e^{-z}`` and ``p_{t}`` are read, more LaTeX
  is not.
* **Functions** with brackets.  Without them one name or number that ends a term: ``p log p + 1``;
  ``log p/q`` and ``log p q`` are refused, since they are written with either meaning.
* **Numbers** with a decimal point, up to 17 digits; ``1e-3`` is 0.001, ``2e`` and ``2 e`` are twice
  Euler's number.  Where a name is ``e``, it is that name, and ``2e3`` is refused.

A formula has at most 400 characters, 200 parts and 30 nested brackets, so that no text can take
long.  A value that is complex, not finite or beyond 1e300 is undefined, and never equal to another.
"""

from typing import TYPE_CHECKING

from lossedu._lazy import load_on_use

if TYPE_CHECKING:
    from lossedu.practice.formulas.comparison import Comparison, Verdict, Witness, compare
    from lossedu.practice.formulas.faults import FormulaError, UndefinedError
    from lossedu.practice.formulas.latex import latex_of
    from lossedu.practice.formulas.parser import parse_formula
    from lossedu.practice.formulas.points import Region, points_in
    from lossedu.practice.formulas.reference import LANGUAGE, language_text
    from lossedu.practice.formulas.tree import Tree
    from lossedu.practice.formulas.typed_numbers import agrees, parse_number
    from lossedu.practice.formulas.values import value_of

__all__ = [
    "LANGUAGE",
    "Comparison",
    "FormulaError",
    "Region",
    "Tree",
    "UndefinedError",
    "Verdict",
    "Witness",
    "agrees",
    "compare",
    "language_text",
    "latex_of",
    "parse_formula",
    "parse_number",
    "points_in",
    "value_of",
]

load_on_use(__name__)
