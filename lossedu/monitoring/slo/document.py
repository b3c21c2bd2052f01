"""Objectives from files: the part of OpenSLO v1 that an error budget of bad events needs.

A file may hold several documents.  Used are SLOs with the budgeting method ``Occurrences``, one
rolling window, one objective, an inline indicator that is a ratio of two counters of Prometheus,
and inline alert policies with one burn-rate condition each.  What else a document says is refused,
not skipped: an objective that is half understood watches something else.

OpenSLO has no word for the least number of events, for the usual share of bad ones, and for how
many false alarms are bearable: these stand in the annotations ``lossedu/usual-share`` and
``lossedu/false-alarm-rate`` of the SLO, and each alert gets the least number that keeps them.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lossedu.monitoring.slo import durations
from lossedu.monitoring.slo.least_events import for_policy
from lossedu.monitoring.slo.objective import SHORT_SHARE, SLO, Policy, SLOError
from lossedu.monitoring.timeline import Series

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})?")
_MATCHER = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"')


def read(path: str | Path) -> list[SLO]:
    """The objectives of a file.

    Args:
        path: YAML, one document or several.

    Raises:
        SLOError: If it holds none, or one that is not understood or can never fire; the text names
            the file, the objective and the field.
    """
    import yaml

    try:
        documents = [d for d in yaml.safe_load_all(Path(path).read_text(encoding="utf-8")) if d]
    except UnicodeDecodeError:
        raise SLOError(f"{path} must be text in UTF-8, but is not.") from None
    except yaml.YAMLError as error:
        raise SLOError(f"{path} must be YAML: {error}") from None
    if not documents:
        raise SLOError(f"{path} must hold an SLO, but is empty.")
    try:
        slos = [parsed(document) for document in documents]
        _check_apart([slo.name for slo in slos])
        return slos
    except SLOError as error:
        raise SLOError(f"{path}: {error}") from None


def parsed(document: Mapping[str, Any]) -> SLO:
    """The objective of one document of OpenSLO v1.

    Raises:
        SLOError: If it is not understood, or one of its alerts can never fire.
    """
    top = _Fields("the document", document)
    top.must_be("apiVersion", "openslo/v1")
    top.must_be("kind", "SLO")
    metadata, spec = top.fields("metadata"), top.fields("spec")
    top.nothing_else()
    name = metadata.text("name")
    if not _NAME.fullmatch(name):
        raise SLOError(f"name must be lower-case words joined by hyphens, but is {name!r}.")
    title = metadata.text("displayName", name)
    noted = metadata.fields("annotations", {})
    metadata.ignore("labels")
    metadata.nothing_else()

    spec.must_be("budgetingMethod", "Occurrences")
    spec.ignore("description")
    window = spec.only("timeWindow")
    window.must_be("isRolling", True)
    target = spec.only("objectives")
    bad, total = _ratio(spec.fields("indicator").fields("spec").fields("ratioMetric"))
    slo = SLO(
        name=name,
        title=title,
        service=spec.text("service"),
        target=target.number("target"),
        window_s=window.duration("duration"),
        bad=bad,
        total=total,
        policies=tuple(map(_policy, spec.several("alertPolicies"))),
    )
    spec.seen("indicator")
    spec.nothing_else()
    target.ignore("displayName")
    target.nothing_else()
    return _with_least(slo, noted)


def _check_apart(names: list[str]) -> None:
    """Refuse two objectives of one name: Prometheus takes no two groups of rules with one."""
    again = sorted({name for name in names if names.count(name) > 1})
    if again:
        raise SLOError(f"SLOs must have names of their own, but {again[0]} is there twice.")


def _ratio(ratio: "_Fields") -> tuple[Series, Series]:
    ratio.must_be("counter", True)
    if not {"bad", "total"} <= set(ratio.document):
        raise SLOError(
            "ratioMetric must count bad and total events. Hint: for good ones, count what is not."
        )
    sources = [ratio.fields(part).fields("metricSource") for part in ("bad", "total")]
    for source in sources:
        if source.text("type", "Prometheus").casefold() != "prometheus":
            source.must_be("type", "Prometheus")
    bad, total = (_selector(source.fields("spec").text("query")) for source in sources)
    return bad, total


def _selector(query: str) -> Series:
    """A counter's name and labels; more of PromQL would have no equal in Python."""
    whole = _SELECTOR.fullmatch(query.strip())
    inner = (whole[2] or "").strip().rstrip(",") if whole else ""
    labels = _MATCHER.findall(inner)
    written = ",".join(f'{name}="{value}"' for name, value in labels)
    if whole is None or re.sub(r",\s*", ",", inner) != written:
        raise SLOError(
            f'query must be a counter with labels, such as bad_total{{sli="x"}}, but is {query!r}. '
            "Hint: rates and sums are made by the rules."
        )
    return Series.of(whole[1], **{name: _unescaped(value) for name, value in labels})


def _unescaped(value: str) -> str:
    return re.sub(r"\\(.)", lambda escape: {"n": "\n"}.get(escape[1], escape[1]), value)


def _policy(policy: "_Fields") -> Policy:
    policy.must_be("kind", "AlertPolicy")
    policy.ignore("apiVersion")
    name = policy.fields("metadata").text("name")
    outer = policy.fields("spec")
    condition = outer.only("conditions")
    condition.must_be("kind", "AlertCondition")
    condition.ignore("metadata")
    spec = condition.fields("spec")
    severity: Any = spec.text("severity")
    burns = spec.fields("condition")
    burns.must_be("kind", "burnrate")
    burns.must_be("op", "gt")
    long_s = burns.duration("lookbackWindow")
    hold_s = burns.duration("alertAfter") if "alertAfter" in burns.document else 0.0
    burn = burns.number("threshold")
    for fields in (outer, spec):
        fields.ignore("description")
    for fields in (policy, outer, condition, spec, burns):
        fields.nothing_else()
    return Policy(name, severity, burn, long_s, long_s / SHORT_SHARE, hold_s)


def _with_least(slo: SLO, noted: "_Fields") -> SLO:
    names = ("lossedu/usual-share", "lossedu/false-alarm-rate")
    present = [name in noted.document for name in names]
    if not any(present):
        return slo
    if not all(present):
        raise SLOError(f"annotations of {slo.name} must have both of {names}, or none.")
    usual, wanted = (noted.number(name) for name in names)
    try:
        policies = [
            replace(policy, least=for_policy(slo, policy, usual=usual, wanted=wanted))
            for policy in slo.policies
        ]
    except ValueError as error:
        raise SLOError(f"annotations of {slo.name}: {error}") from None
    return replace(slo, policies=tuple(policies))


class _Fields:
    """A mapping of a document that knows where it stands and what was read of it."""

    def __init__(self, place: str, document: object) -> None:
        if not isinstance(document, Mapping):
            raise SLOError(f"{place} must be a mapping, but is {document!r}.")
        self.place, self.document = place, document
        self._read: set[str] = set()

    def seen(self, name: str) -> None:
        self._read.add(name)

    ignore = seen

    def _get(self, name: str, *default: object) -> Any:
        self.seen(name)
        if name in self.document:
            return self.document[name]
        if default:
            return default[0]
        raise SLOError(
            f"{self.place} must have {name}, but has {', '.join(map(str, self.document))}."
        )

    def must_be(self, name: str, value: object) -> None:
        if self._get(name) != value:
            raise SLOError(
                f"{name} of {self.place} must be {value!r}, but is {self.document[name]!r}."
            )

    def fields(self, name: str, *default: object) -> "_Fields":
        return _Fields(name, self._get(name, *default))

    def text(self, name: str, *default: str) -> str:
        value = self._get(name, *default)
        if not isinstance(value, str):
            raise SLOError(f"{name} of {self.place} must be text, but is {value!r}.")
        return value

    def number(self, name: str) -> float:
        value = self._get(name)
        try:
            return float(value)
        except (TypeError, ValueError):
            raise SLOError(f"{name} of {self.place} must be a number, but is {value!r}.") from None

    def duration(self, name: str) -> float:
        try:
            return durations.seconds(self.text(name))
        except ValueError as error:
            raise SLOError(f"{name} of {self.place}: {error}") from None

    def several(self, name: str) -> list["_Fields"]:
        values = self._get(name)
        if not isinstance(values, list) or not values:
            raise SLOError(f"{name} of {self.place} must be a list, but is {values!r}.")
        return [_Fields(f"{name}[{row}]", value) for row, value in enumerate(values)]

    def only(self, name: str) -> "_Fields":
        values = self.several(name)
        if len(values) > 1:
            raise SLOError(f"{name} of {self.place} must have one entry, but has {len(values)}.")
        return values[0]

    def nothing_else(self) -> None:
        unread = sorted(str(name) for name in self.document if name not in self._read)
        if unread:
            raise SLOError(
                f"{self.place} must have fields that are used, but has {', '.join(unread)}."
            )
