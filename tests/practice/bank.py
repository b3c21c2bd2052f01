"""A small bank to test with: a family of each kind, and several of some."""

from types import MappingProxyType

from lossedu.practice.families import Family, family_of

USUAL = {
    "title": "A question",
    "skills": ["cross-entropy"],
    "level": 3,
    "seconds": 40,
    "chapter": "classification/cross-entropy",
    "topics": ["cross-entropy"],
    "prompt": "What is $\\frac{1}{2}$?",
    "hints": ["Think.", "Think of halves.", "It is a half."],
    "explanation": "Because.",
}
OPTIONS = [{"text": "yes", "right": True}, {"text": "no", "says": "No, since."}, {"text": "maybe"}]
CAUSES = [{"text": "the rate", "right": True}, {"text": "the data", "says": "The data is fine."}]
CELL = {"setup": "y = 2", "task": "x = ...", "check": "assert x == 3", "solution": "x = y + 1"}
SPOKEN = {
    "must_say": ["the likelihood", "the gradient", "calibration"],
    "red_flags": ["the loss does not matter"],
    "rubric": {"no": "nothing", "lean": "half of it", "strong": "all of it"},
}
MODEL = "From the likelihood, with the gradient, to calibration."
PLOT = {
    "curves": [{"formula": "x^2", "label": "$x^2$"}],
    "x": [0, 2],
    "x_label": "x",
    "y_label": "y",
    "alt": "a parabola",
}
PANELS = [{"title": "Loss", "points": [1, 0.5, 0.9, 2], "unit": "nats", "says": "It rises."}]
DOCUMENTS = {
    "a-number": {"kind": "number", "answer": {"value": "1/2", "digits": 2}, "seconds": 30},
    "a-formula": {
        "kind": "formula",
        "skills": ["focal"],
        "answer": {"formula": "(1-p)^gamma", "symbols": {
            "p": {"range": [0.02, 0.98], "says": "a probability"},
            "gamma": {"range": [0.3, 4]},
        }},
        "misconceptions": [{"formula": "p^gamma", "says": "That keeps what is easy."}],
        "follow_up": {"right": "a-number", "wrong": "Which examples are easy?"},
    },
    "a-choice": {
        "kind": "choice",
        "level": 2,
        "skills": ["margins"],
        "seconds": 20,
        "answer": {"options": OPTIONS, "keep_order": True},
    },
    "several": {
        "kind": "choice",
        "skills": ["robustness"],
        "answer": {"options": [{"text": "a", "right": True}, {"text": "b"},
                               {"text": "c", "right": True}], "keep_order": True},
    },
    "an-order": {"kind": "order", "answer": {"items": ["one", "two", "three"]}},
    "a-match": {"kind": "match", "answer": {"pairs": [["MSE", "Gaussian"], ["MAE", "Laplacian"]]}},
    "a-plot": {"kind": "read-a-plot", "answer": {
        "plot": PLOT, "number": {"value": "4", "tolerance": "0.2"}}},
    "an-incident": {
        "kind": "incident",
        "skills": ["debugging"],
        "answer": {"panels": PANELS, "causes": CAUSES},
    },
    "some-code": {"kind": "code", "answer": CELL},
    "a-bug": {
        "kind": "debug",
        "skills": ["debugging"],
        "seconds": 90,
        "answer": {"script": "x = 1", "symptom": "assert x == 1", "causes": CAUSES, "fix": CELL},
    },
    "an-erratum": {
        "kind": "errata",
        "answer": {"key": ["1 + 1 = 2", "1 + 2 = 4"], "wrong": [2],
                   "right": {"value": "3", "digits": 1}},
    },
    "aloud-60": {
        "kind": "spoken", "milestone": 3, **SPOKEN,
        "seconds": 60, "answer": {"seconds": 60, "model_answer": MODEL},
    },
    "aloud-90": {
        "kind": "spoken", "level": 4, **SPOKEN,
        "seconds": 90, "answer": {"seconds": 90, "model_answer": MODEL},
    },
    "a-design": {
        "kind": "design",
        "skills": ["design"],
        "level": 5,
        "milestone": 7,
        "seconds": 300,
        **SPOKEN,
        "answer": {"steps": [{"title": f"Step {n}", "prompt": "What?"} for n in range(1, 5)],
                   "model_answer": MODEL},
    },
}  # fmt: skip


def made(name: str, like: str = "", **changes: object) -> Family:
    """A family of the bank, or a new one like one of it, with changes."""
    own = DOCUMENTS.get(like or name, {})
    return family_of({"id": name} | USUAL | own | changes, f"{name}.yaml")


BANK = MappingProxyType({name: made(name) for name in DOCUMENTS})
