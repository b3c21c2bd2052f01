"""What Python and the page must both say: questions, right and wrong answers, traps.

``python -m tests.practice.formulas.vectors`` writes ``tests/practice/formula_vectors.json`` anew.
Answers are made from the truths below by rewriting and by mutation; an oracle of its own (Python's
evaluation of the text) says which of them are right, so the verdicts in the file can be wrong.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lossedu.practice.formulas import (
    FormulaError,
    Tree,
    UndefinedError,
    agrees,
    compare,
    latex_of,
    parse_formula,
    parse_number,
    value_of,
)
from lossedu.practice.random_numbers import RandomNumbers, seed_of
from tests.practice.formulas.questions import QUESTIONS, TRAPS
from tests.practice.formulas.rewriting import (
    Hand,
    distance,
    equal_forms,
    mistaken_forms,
    replaced,
    swapped_names,
)

FILE = Path(__file__).parent.parent / "formula_vectors.json"

FORMS = 12

PARSED: dict[str, list[str]] = {
    "p q gamma z p_t x1 y_hat lambda": [
        *("2p", "p(1-p)", "(1-p)(1-q)", "gamma p log(p)", "pq", "pq^2", "p−q·2", "p×q÷2", "-p^2"),
        *("2^-p", "p²q", "p⁻¹", "p^2 q", "p/-q*z", "p-q-z", "p-(q-z)", "p-(q+z)", "p+(q-z)"),
        *("e^(-z)", "2e-3", "1e12 p", "1e3", "ln(p)", "log(p)^2", "log2(p)^2", "√2", "|p||q|"),
        *("σ(z)", "sigmoid(z)^2", "pt", "ŷ", "ŷ^2", "y_hat/2", "x₁", "x1^2", "λγ", "π/2", "007.50"),
        *("max(0, 1-p)", "softplus(-z)", "p/q/z", "p/(q/z)", "(p/q)/z", "(p/q)^2", "(p^q)^2"),
        *("-(-p)", "p*-q", "p+-q", "p-(-q)", "(-p)(-q)", "2(3)", "p(2)", "2(1/2)", "2(1/2)^p"),
        *("p^(q+1)", "(p q)^2", "exp(-(p-q)^2/2)", "sqrt(p)^2", "|p|^2", "1.", ".5", "1e-3^2"),
        *("step(p)", "relu(p)", "logit(p)", "log1p(p)", "acos(p)^2", "p*(q*z)", "p*(q/z)", "2*3*p"),
        *("1/2p", "p/q(1-p)", "e^2p", "p^q^2", "p^13", "p^-13", "log p q", "log p/q", "exp -z"),
        *("sin^2(p)", "||p||", "|p", "gammap", "plog(p)", "logp", "p2", "x2", "p 2", "P", "foo"),
        *("sigmiod(z)", "1,000", "0,5p", "(p,q)", "max(p)", "log(p,q)", "(p", "(p]", "p)", "p+"),
        *("p*/q", "y=p", r"\frac{1}{2}", "p<1", "∂p", "5%", "p#q", "1.2.3", "1e31", "1e-31"),
        *("0.123456789012345678", "2e-3p", "", "   ", "p" * 201, "p" * 401, "(" * 31 + "p"),
        *("p²³", "p⁻", "²", "p_", "p__t", "_p", "γ_t", "log", "log(", "max", "2..3", "p,q", "1,5"),
        *("p" + "+p" * 99, "(" * 30 + "p" + ")" * 30, "p¹²³⁴⁵⁶⁷⁸⁹¹²³⁴⁵⁶⁷⁸⁹", "alpha_1", "p\u0303"),
        *(
            "e^{-z}",
            "p_{t}",
            "p_{t",
            "p_{}",
            "{p}q",
            "max{0, p}",
            "γ_{t}",
            "{p)",
            "p}",
            "log_{2}(p)",
        ),
        *(
            "log₂(p)",
            "12345678901234567",
            "123456789012345678",
            "(p+q)/2z",
            "a/b",
            "0.5.",
            "p(",
            "()",
            "[p)",
        ),
    ],
    "p t p_t": ["pt", "p_t", "p t"],
    "e x": ["e", "2e", "2e3", "ex", "exp(x)", "e^x"],
    "sigma z": ["sigma(z)", "σz", "sigmoid(z)"],
    "": ["1/2", "x", "log 2", "", "pi"],
    "a b c d f g h i j k l m n": ["o", "abc", "if", "log(m n)"],
    "theta_i mu_k alpha12 abc x_max D_KL w_i_j Gamma": [
        *("theta_i", "θ_i", "mu_k", "alpha12", "abc", "x_max", "D_KL^2", "w_i_j", "Γ", "θi"),
    ],
}

NUMBERS = [
    *("1/3", "33%", "33 %", "3.3e-2", "-1/4", "−1/4", "log(2)", "2^-3", "0.5", ".5", "5.", "1e3"),
    *("1,000", "0,33", "1,5", "1/0", "log(0)", "x", "", "  ", "%", "1%%", "%1", "1 000"),
    *("0.5 nats", "50% ", "1/3%", "2(3)", "1e400", "sqrt(2)/2", "e", "pi/4", "infinity", "1e"),
    *("10^12", "10^13", "-5%", "2(1/3)"),
]
AGREED = [
    *((0.35, 0.34657, 2), (0.34, 0.34657, 2), (0.3466, 0.34657, 2), (0.347, 0.34657, 4)),
    *((1000.0, 999.6, 3), (999.0, 999.6, 3), (0.1, 0.0999, 2), (-0.35, 0.34657, 2)),
    *((0.0, 0.0, 2), (0.004, 0.0, 2), (0.006, 0.0, 2), (1e23, 1e23, 3), (9.99e22, 1e23, 3)),
    *((0.125, 0.125, 3), (0.12, 0.125, 2), (0.13, 0.125, 2), (1e-9, 1.04e-9, 1), (5.0, 5.0, 1)),
]
VALUES = [
    ("p log p", {"p": 0.25}),
    ("sigmoid(z)", {"z": -30.0}),
    ("softplus(z)", {"z": 40.0}),
    ("2^z", {"z": -1.5}),
    ("logit(p)", {"p": 0.1}),
    ("expm1(z)", {"z": 1e-9}),
    ("sinh(z)", {"z": 2.0}),
    ("log1p(z)", {"z": 1e-9}),
    ("atan(z)", {"z": 2.0}),
    ("acos(z)", {"z": 0.3}),
    ("tan(z)", {"z": 1.2}),
    ("asin(z)", {"z": 2.0}),
    ("log(z)", {"z": 0.0}),
    ("step(z)", {"z": 0.0}),
    ("min(z, 1, 2)", {"z": 3.0}),
    ("cosh(z)", {"z": 800.0}),
    ("exp(z)", {"z": -800.0}),
    ("log10(z)", {"z": 1000.0}),
    ("asin(z)", {"z": 1.0}),
    ("logit(z)", {"z": 1.0}),
    ("log1p(z)", {"z": -1.0}),
    ("tanh(z)", {"z": 0.5}),
]


def right_forms(name: str) -> list[str]:
    """Other ways to type the truth of a question."""
    truth, regions, _ = QUESTIONS[name]
    names = list(regions[0])
    tree = parse_formula(truth, names)
    choose = RandomNumbers(seed_of("right", name))
    typed: dict[str, None] = {truth: None}
    for attempt in range(60):
        form = tree
        for _ in range(attempt % 4):
            form = choose.choice([*replaced(form, equal_forms)] or [form])
        text = Hand(choose.below(10**6), names).typed(form)
        if len(text) <= 160 and distance(form, tree, regions) < 1e-6:
            typed[text] = None
    return [*typed][:FORMS]


def wrong_forms(name: str) -> list[str]:
    """Answers that are not the truth of a question."""
    truth, regions, _ = QUESTIONS[name]
    names = list(regions[0])
    tree = parse_formula(truth, names)
    choose = RandomNumbers(seed_of("wrong", name))
    forms: list[Tree] = [*replaced(tree, mistaken_forms)]
    forms += [swapped_names(tree, a, b) for a in names for b in names if a < b]
    wrong = [form for form in dict.fromkeys(forms) if distance(form, tree, regions) > 1e-4]
    return [Hand(choose.below(10**6), names).typed(form) for form in choose.shuffled(wrong)[:FORMS]]


def compared() -> Iterator[dict[str, Any]]:
    """Each answer with the verdict of Python, and what the oracle says of it."""
    for name, (truth, regions, mistakes) in QUESTIONS.items():
        answers = [("right", text) for text in right_forms(name)]
        answers += [("wrong", text) for text in wrong_forms(name)]
        answers += [("trap", text) for text in TRAPS.get(name, [])]
        for made, answer in answers:
            verdict = compare(answer, truth, regions, mistakes).as_json()
            yield {"question": name, "made": made, "answer": answer, **verdict}


def fault(error: Exception) -> dict[str, Any]:
    if isinstance(error, FormulaError):
        return {"position": error.position, "says": error.says}
    return {"says": str(error)}


def parsed() -> Iterator[dict[str, Any]]:
    for names, texts in PARSED.items():
        for text in texts:
            vector: dict[str, Any] = {"names": names, "text": text}
            try:
                tree = parse_formula(text, names.split())
            except FormulaError as error:
                yield vector | fault(error)
            else:
                yield vector | {"tree": str(tree), "latex": latex_of(tree)}


def valued() -> Iterator[dict[str, Any]]:
    for text, values in VALUES:
        try:
            value = value_of(parse_formula(text, list(values)), values)
        except UndefinedError as error:
            yield {"text": text, "values": values} | fault(error)
        else:
            yield {"text": text, "values": values, "value": value}


def numbered() -> Iterator[dict[str, Any]]:
    for text in NUMBERS:
        try:
            yield {"text": text, "value": parse_number(text)}
        except (FormulaError, UndefinedError) as error:
            yield {"text": text} | fault(error)


def drawn() -> Iterator[dict[str, Any]]:
    for words in (["focal", 3], ["ŷ − y", 0], [""], ["a", "b"]):
        numbers = RandomNumbers(seed_of(*words))
        yield {
            "words": words,
            "seed": seed_of(*words),
            "uniform": [numbers.uniform() for _ in range(5)],
            "below": [numbers.below(24) for _ in range(5)],
            "shuffled": numbers.shuffled(list("abcdefgh")),
        }


def vectors() -> dict[str, Any]:
    """All that both must say, as plain data."""
    questions = {
        name: {"truth": truth, "regions": regions, "mistakes": mistakes}
        for name, (truth, regions, mistakes) in QUESTIONS.items()
    }
    return {
        "questions": questions,
        "compare": list(compared()),
        "parse": list(parsed()),
        "value": list(valued()),
        "numbers": list(numbered()),
        "agrees": [[*one, agrees(*one)] for one in AGREED],
        "random": list(drawn()),
    }


def written() -> str:
    """The file: one vector a line."""
    parts = []
    for name, group in vectors().items():
        pairs = group.items() if isinstance(group, dict) else None
        lines = [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in pairs] if pairs else []
        lines = lines or [json.dumps(one) for one in group]
        opening, closing = ("{", "}") if pairs else ("[", "]")
        parts.append(f'"{name}": {opening}\n' + ",\n".join(lines) + f"\n{closing}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    FILE.write_text(written(), encoding="utf-8")
