"""What all families about one loss share: their ids, where they belong, and words for options."""

import re
from collections.abc import Mapping
from typing import Any

from lossedu.losses import LossSpec
from lossedu.practice.families.wording import written

_CHAPTERS: Mapping[str, str] = {
    "foundations/what-a-loss-asks": "squared-error",
    "classification/cross-entropy": "cross-entropy",
    "classification/margins": "margins",
    "beyond/reinforcement": "design",
}
_FAMILIES: Mapping[str, str] = {
    "regression": "robustness",
    "classification": "focal",
    "similarity": "metric-learning",
    "ranking": "metric-learning",
    "beyond": "design",
}


def name_of(spec: LossSpec) -> str:
    """The first words of the ids of a loss's families.

    Example:
        >>> from lossedu.catalog import spec
        >>> name_of(spec('multiclass_hinge_loss(kind="one_vs_rest")'))
        'multiclass-hinge-loss-one-vs-rest'
    """
    return beginning(spec.name)


def beginning(name: str) -> str:
    """The same, from the name of a spec."""
    return re.sub(r"[^a-z0-9]+", "-", re.sub(r"\w+=", "", name).lower()).strip("-")


def shared(
    spec: LossSpec, ending: str, kind: str, *, level: int, seconds: int, title: str
) -> dict[str, Any]:
    """The keys of a family that do not depend on its question."""
    skill = _CHAPTERS.get(spec.chapter, _FAMILIES[spec.family])
    return {
        "id": f"{name_of(spec)}-{ending}",
        "title": title,
        "skills": [skill],
        "level": level,
        "kind": kind,
        "seconds": seconds,
        "chapter": spec.chapter,
        "topics": [spec.slug.replace("_", "-")],
        "sources": list(spec.references),
    }


def along(spec: LossSpec, axis: str, value: str) -> str:
    """What has a value on the axis of a loss, as a sentence."""
    if spec.unit == "list" and spec.targets == "event":
        inside = f"the one inside of the mask has the logit {value}"
        return f"Of two pixels {inside}, the one outside its negative"
    if spec.unit == "list":
        return f"Of two items, of grades 1 and 0, the better one leads by {value}"
    return f"Its argument is the {axis}: {value}"


def default_options(spec: LossSpec) -> dict[str, Any]:
    """Every option as the function has it; None for those that are then off."""
    return {parameter.name: None for parameter in spec.parameters} | spec.defaults


def with_options(spec: LossSpec) -> str:
    """The options that are on, in words: `` with margin 1``; empty without any."""
    used = {name: value for name, value in spec.defaults.items() if isinstance(value, (int, float))}
    texts = [f"{name.replace('_', ' ')} {written(value)}" for name, value in used.items()]
    return f" with {' and '.join(texts)}" if texts else ""


def kept_letters(tex: str, names: Mapping[str, Any]) -> str:
    """TeX in which a name in braces stays a letter, and is not filled in."""
    return re.sub(rf"\{{({'|'.join(map(re.escape, names))})\}}", r"{ \1}", tex) if names else tex
