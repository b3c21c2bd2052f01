"""What a word of a formula means: a name, a function, a constant or a product of letters."""

from collections.abc import Iterable
from typing import NoReturn

from lossedu.practice.formulas import language
from lossedu.practice.formulas.faults import misread

Meaning = tuple[str, str]
"""Kind of a token and its text."""
_FEW = 12


class Vocabulary:
    """The words that one formula may have.

    Args:
        names: What the formula is about, in plain letters: ``gamma``, not γ.

    Raises:
        ValueError: If a name is no word, or that of a function.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.names = [_checked(name) for name in names]
        self._letters = {name for name in self.names if len(name) == 1}
        self._bare: dict[str, list[str]] = {}
        for name in self.names:
            self._bare.setdefault(name.replace("_", ""), []).append(name)

    def meanings(self, word: str, typed: str) -> list[Meaning]:
        """What a word stands for; several names where it is their product.

        Raises:
            FormulaError: If that is nothing, or not one thing; its position is 0.
        """
        if word in self.names:
            return [("name", word)]
        if function := _function(word):
            return [("function", function)]
        if word in language.CONSTANTS:
            return [("constant", word)]
        near = self._bare.get(word.replace("_", ""), [])
        readings = [[("name", name)] for name in near]
        if len(word) > 1 and all(letter in self._letters for letter in word):
            readings.append([("name", letter) for letter in word])
        if len(readings) == 1:
            return readings[0]
        if readings:
            listed = " or ".join("*".join(text for _, text in one) for one in readings)
            raise misread(0, "two readings", what=typed, readings=listed)
        if word == "sigma":
            return [("function", "sigmoid")]
        self._refuse(word, typed)

    def _refuse(self, word: str, typed: str) -> NoReturn:
        """Say what to write for a word that has no meaning."""
        base = word.rstrip(language.DIGITS)
        number = word[len(base) :].lstrip("0")
        if number not in ("", "1") and base in self.names:
            raise misread(0, "digit", what=typed, base=base, number=number)
        factors = self._factors(word)
        if factors:
            raise misread(0, "product", what=typed, product=_product(factors))
        known = [*self.names, *language.FUNCTIONS, *language.ALIASES, *language.CONSTANTS]
        close = [name for name in known if _is_near(word.lower(), name.lower())]
        if close and len(word) > 1:
            raise misread(0, "near", what=typed, near=close[0])
        same = [name for name in self.names if name.lower() == word.lower()]
        if same:
            raise misread(0, "near", what=typed, near=same[0])
        if not self.names:
            raise misread(0, "no names", what=typed)
        listed = ", ".join(self.names[:_FEW]) + (", ..." if len(self.names) > _FEW else "")
        raise misread(0, "name", what=typed, names=listed)

    def _factors(self, word: str) -> list[str]:
        """Known words that a word consists of, as few as can be; empty if there are none."""
        known = {*self.names, *language.FUNCTIONS, *language.CONSTANTS, "ln"}
        best: list[list[str] | None] = [[]]
        for end in range(1, len(word) + 1):
            ways = [
                [*before, word[start:end]]
                for start in range(end)
                if word[start:end] in known and (before := best[start]) is not None
            ]
            best.append(min(ways, key=len) if ways else None)
        return best[-1] or []


def _checked(name: str) -> str:
    """A name that a formula can have.

    Raises:
        ValueError: If it is none.
    """
    letters = language.LETTERS + language.DIGITS + "_"
    if not name or name[0] not in language.LETTERS or any(char not in letters for char in name):
        raise ValueError(f"names must be words of letters, digits and _, but one is {name!r}.")
    if _function(name):
        raise ValueError(f"names must differ from those of functions, but one is {name!r}.")
    return name


def _function(word: str) -> str:
    """The function that a word names; empty if it names none."""
    for spelling in (word, word.lower()):
        name = language.ALIASES.get(spelling, spelling)
        if name in language.FUNCTIONS:
            return name
    return ""


def _product(factors: list[str]) -> str:
    """Factors as they are to be written; a function has what follows as its argument."""
    for index, factor in enumerate(factors):
        if _function(factor):
            inner = _product(factors[index + 1 :]) or "..."
            return "*".join([*factors[:index], f"{factor}({inner})"])
    return "*".join(factors)


def _is_near(one: str, other: str) -> bool:
    """Whether two words differ by one letter too many, missing, wrong or swapped."""
    if one == other or abs(len(one) - len(other)) > 1 or min(len(one), len(other)) < 2:
        return False
    same = 0
    while same < min(len(one), len(other)) and one[same] == other[same]:
        same += 1
    a, b = one[same:], other[same:]
    swapped = a[:2] == b[1::-1] and len(a) > 1 and a[2:] == b[2:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or swapped
