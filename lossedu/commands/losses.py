"""``lossedu losses``: what the package knows about its losses."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from lossedu.commands.errors import refused

if TYPE_CHECKING:
    from lossedu.losses import LossSpec
    from lossedu.properties import Properties

console = Console(highlight=False)

_LINE = "{:<36} {:>7} {:>8} {:>10}  {}"


def losses(
    name: Annotated[
        str, typer.Argument(help="A loss, or the module it lives in: focal.", show_default=False)
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List every loss with its computed properties, or say all of one.

    The properties are computed along one axis of each loss, which the second form names.
    """
    from lossedu import catalog

    specs = list(catalog.specs().values())
    chosen = _called(name, specs) if name else specs
    if as_json:
        typer.echo(json.dumps([_record(spec) for spec in chosen], indent=1, ensure_ascii=False))
    elif name:
        for spec in chosen:
            _say_all(spec)
    else:
        for line in _lines(specs):
            typer.echo(line)


def _called(name: str, specs: list["LossSpec"]) -> list["LossSpec"]:
    """The losses that go by a name; else exit with 2, and say what is close to it."""
    from lossedu.names import nearest, unknown_name

    wanted = name.lower()
    names = {
        spec: {spec.slug, spec.function.__name__, spec.name, spec.title.lower()} for spec in specs
    }
    found = [spec for spec in specs if wanted in names[spec]]
    if found:
        return found
    slugs = sorted({spec.slug for spec in specs})
    known = slugs if nearest(name, slugs) else sorted(set().union(*names.values()))
    told = unknown_name("name", name, known, listing="`lossedu losses`")
    refused(told)


def _lines(specs: list["LossSpec"]) -> Iterator[str]:
    """One line a loss, as soon as its properties are computed."""
    from lossedu.properties import properties
    from lossedu.tables import as_text

    yield _LINE.format("loss", "infimum", "slope ≤", "curvature ≤", "convex")
    for spec in specs:
        facts = properties(spec)
        numbers = map(as_text, (facts.least, facts.lipschitz, facts.smoothness))
        label = " ".join([spec.function.__name__, *spec.variant.values()])
        yield _LINE.format(label, *numbers, _convexity(facts))


def _convexity(facts: "Properties") -> str:
    from lossedu.tables import as_text

    if facts.nonconvex is None:
        return "yes"
    low, high = map(as_text, facts.nonconvex)
    return f"not on ({low}, {high})" if low != high else f"not at {low}"


def _record(spec: "LossSpec") -> dict[str, Any]:
    from dataclasses import asdict

    from lossedu.properties import properties

    facts = properties(spec)
    keys = ("title", "family", "chapter", "inputs", "unit", "targets", "domain", "formula")
    record: dict[str, Any] = {"name": spec.name, "module": spec.function.__module__}
    record |= {key: getattr(spec, key) for key in keys}
    record |= {"link": dict(spec.link), "noise_model": spec.noise_model, "estimand": spec.estimand}
    record["options"] = {p.name: spec.defaults.get(p.name) for p in spec.parameters}
    computed = asdict(facts) | {"convex": facts.convex}
    # JSON has no infinity.
    record["properties"] = json.loads(json.dumps(computed), parse_constant=str)
    return record


def _say_all(spec: "LossSpec") -> None:
    console.rule(f"[bold]{spec.title}", align="left")
    console.print(f"from lossedu.losses import {spec.function.__name__}", markup=False)
    console.print(f"{spec.function.__name__}{_signature(spec)}\n", markup=False)
    console.print(_formula(spec), markup=False)
    for name, text in spec.link.items():
        console.print(f"\nwith {name} = {text}", markup=False)
    console.print()
    console.print(_facts(spec))
    if spec.parameters:
        console.print(_options(spec))
    console.print(_computed(spec))


def _signature(spec: "LossSpec") -> str:
    import inspect

    arguments = inspect.signature(spec.function).parameters.values()
    shown = [p.replace(annotation=inspect.Parameter.empty) for p in arguments]
    return str(inspect.Signature(shown))


def _formula(spec: "LossSpec") -> str:
    """The formula in two dimensions, or as the docstring's LaTeX if that is too large to read."""
    import sympy as sp

    from lossedu.symbolic import formula

    drawn = str(sp.pretty(formula(spec), use_unicode=True, wrap_line=False))
    lines = drawn.splitlines()
    if len(lines) <= 12 and max(map(len, lines)) <= console.width:
        return drawn
    return spec.stated


def _facts(spec: "LossSpec") -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    rows = {
        "input": spec.inputs,
        "targets": spec.domain,
        "noise model": spec.noise_model,
        "estimand": spec.estimand,
        "chapter": spec.chapter,
        "sources": ", ".join(spec.references),
    }
    for special in spec.special_cases:
        given = ", ".join(f"{k} = {v:g}" for k, v in special.settings.items())
        factor = "" if special.factor == 1 else f"{special.factor:g} times "
        rows[given] = f"equals {factor}{special.equals}"
    for label, text in rows.items():
        table.add_row(f"[bold]{label}", text)
    return table


def _options(spec: "LossSpec") -> Table:
    from lossedu.tables import as_text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("option", "default", "lowest", "there", "highest", "there"):
        table.add_column(heading)
    for p in spec.parameters:
        default = spec.defaults.get(p.name, "off")
        shown = as_text(default) if isinstance(default, (int, float, str)) else str(default)
        table.add_row(p.name, shown, as_text(p.low), p.at_low, as_text(p.high), p.at_high)
    return table


def _computed(spec: "LossSpec") -> Table:
    """Its properties, with the defaults and with each option's samples."""
    from lossedu.properties import properties
    from lossedu.properties import table as compared

    settings: list[dict[str, Any]] = [{}]
    for p in spec.parameters:
        settings += [{p.name: v} for v in p.samples if isinstance(v, (int, float))]
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    headings = ("options", "infimum", "limits", "slope ≤", "curvature ≤", "convex")
    for heading in headings:
        table.add_column(heading)
    for given in settings:
        _, _, least, limits, _, slope, bend, convex = compared(spec, **given).text()[1]
        label = ", ".join(f"{k} = {v:g}" for k, v in given.items()) or "defaults"
        table.add_row(label, least, limits, slope, bend, convex)
    table.caption = f"along the {properties(spec).axis}"
    table.caption_justify = "left"
    return table
