"""``lossedu landscape``: pictures of the loss around a saved model."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lossedu.commands.errors import one_line
from lossedu.commands.landscape_targets import ends_of, objective_of
from lossedu.whole_files import replacing

if TYPE_CHECKING:
    from lossedu.tables import Table

landscape = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="The loss around a model: a folder of lossedu train, or package.module:function that "
    "returns an Objective.",
)

Target = Annotated[
    str,
    typer.Argument(
        help="A folder that lossedu train has written, or package.module:function that returns an "
        "Objective.",
        show_default=False,
    ),
]
Out = Annotated[Path, typer.Option(help="Where the picture goes; the rest lies beside it.")]
Span = Annotated[float, typer.Option(help="How far each way, in units of the directions.")]
Resolution = Annotated[int, typer.Option(min=2, help="Places along each axis.")]
Normalise = Annotated[str, typer.Option(help="Random directions: none, layer or filter.")]
Seed = Annotated[int, typer.Option(min=0, help="What random directions depend on.")]
BatchNorm = Annotated[
    str,
    typer.Option(
        help="frozen, batch or recomputed statistics; by default as the function's Objective has "
        "them, and frozen for a folder."
    ),
]
Checkpoint = Annotated[
    Path | None,
    typer.Option(
        help="Weights to look at in place of the model's own: safetensors, or torch.save."
    ),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from what an earlier run finished.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No bar and no table.")]


@landscape.command()
def plane(
    target: Target,
    out: Out = Path("landscape.html"),
    span: Span = 1.0,
    resolution: Resolution = 51,
    tolerance: Annotated[
        float, typer.Option(help="Error allowed, as a share of the range.")
    ] = 0.01,
    fill: Annotated[str, typer.Option(help="adaptive, chebyshev or grid.")] = "adaptive",
    normalise: Normalise = "filter",
    seed: Seed = 0,
    batch_norm: BatchNorm = "",
    checkpoint: Checkpoint = None,
    resume: Resume = False,
    quiet: Quiet = False,
) -> None:
    """The loss on a plane: a surface to turn (HTML), contours (SVG) and the numbers (npz)."""
    with one_line():
        from lossedu.extras import require
        from lossedu.figures import contour_figure, write_surface
        from lossedu.landscape.slices.plane import plane as losses_on

        require("plotly")
        _check_out(out, ".html")
        found = losses_on(
            objective_of(target, batch_norm, checkpoint),
            span=span,
            resolution=resolution,
            fill=fill,  # type: ignore[arg-type]
            tolerance=tolerance,
            normalise=normalise,  # type: ignore[arg-type]
            seed=seed,
            file=_points_file(out, resume=resume),
            progress=not quiet,
        )
        write_surface(out, found)
        _write_figure(contour_figure, found, out.with_suffix(".svg"))
        _write_numbers(out, x=found.x, y=found.y, losses=found.losses)
    _report(found.table(), [out, out.with_suffix(".svg"), out.with_suffix(".npz")], quiet)


@landscape.command()
def line(
    target: Target,
    to: Annotated[
        str,
        typer.Option(
            help="Where to go in a straight line: another folder of the same recipe, another "
            "function, or a file of weights."
        ),
    ] = "",
    out: Out = Path("line.svg"),
    span: Span = 1.0,
    resolution: Resolution = 51,
    normalise: Normalise = "filter",
    seed: Seed = 0,
    batch_norm: BatchNorm = "",
    checkpoint: Checkpoint = None,
    resume: Resume = False,
    quiet: Quiet = False,
) -> None:
    """The loss along a random direction, or on the way to another model: SVG and npz."""
    with one_line():
        from lossedu.figures import line_figure
        from lossedu.landscape.slices.line import interpolation
        from lossedu.landscape.slices.line import line as losses_along

        _check_out(out, ".svg")
        objective = objective_of(target, batch_norm, checkpoint)
        kept: dict[str, Any] = {"file": _points_file(out, resume=resume), "progress": not quiet}
        kept["resolution"] = resolution
        words = {"xlabel": "step along the direction"}
        if to:
            words = {"xlabel": f"share of the way from {target} to {to}"}
            found = interpolation(objective, *ends_of(objective, target, to), **kept)
        else:
            direction: dict[str, Any] = {"normalise": normalise, "seed": seed}
            found = losses_along(objective, span=span, **direction, **kept)
        _write_figure(line_figure, [found], out, **words)
        _write_numbers(out, at=found.at, losses=found.losses)
    _report(found.table(), [out, out.with_suffix(".npz")], quiet)


@landscape.command()
def spectrum(
    target: Target,
    out: Out = Path("spectrum.svg"),
    top: Annotated[int, typer.Option(min=1, help="How many eigenvalues, from the largest.")] = 5,
    tolerance: Annotated[float, typer.Option(help="Their error allowed, as a share.")] = 1e-3,
    probes: Annotated[int, typer.Option(min=2, help="Random vectors behind the density.")] = 5,
    seed: Seed = 0,
    batch_norm: BatchNorm = "",
    checkpoint: Checkpoint = None,
    quiet: Quiet = False,
) -> None:
    """The curvature: the largest eigenvalues with bounds, and the density of all; SVG and npz."""
    with one_line():
        from lossedu.figures import spectrum_figure
        from lossedu.landscape.curvature.density import spectral_density
        from lossedu.landscape.curvature.eigenvalues import top_eigenvalues

        _check_out(out, ".svg")
        objective = objective_of(target, batch_norm, checkpoint)
        out.parent.mkdir(parents=True, exist_ok=True)
        shown: dict[str, Any] = {"seed": seed, "progress": not quiet}
        pairs = top_eigenvalues(objective, top, tolerance=tolerance, **shown)
        found = spectral_density(objective, probes=probes, **shown)
        lower, upper = found.band
        drawn = {"lower": lower, "upper": upper, "eigenvalues": list(pairs.values)}
        _write_figure(partial(spectrum_figure, found.grid), found.density, out, **drawn)
        eigen = {"eigenvalues": pairs.values, "bounds": pairs.bounds}
        _write_numbers(out, grid=found.grid, density=found.density, **eigen)
    _report(pairs.table(), [out, out.with_suffix(".npz")], quiet)


def _check_out(out: Path, suffix: str) -> None:
    """Refuse a name that a file of another kind would take, or hide, before the work begins."""
    from lossedu.destinations import check_file

    if out.suffix.lower() != suffix:
        raise ValueError(f"out must end in {suffix}, but is {out}.")
    check_file("out", out)


def _points_file(out: Path, *, resume: bool) -> Path:
    """Where finished evaluations are kept; an earlier run's are removed unless it goes on."""
    out.parent.mkdir(parents=True, exist_ok=True)
    file = out.with_suffix(".points.npz")
    if not resume:
        file.unlink(missing_ok=True)
    return file


def _write_figure(draw: Any, given: Any, file: Path, **words: Any) -> None:
    """As a picture of its own: on white, for it has no page around it."""
    import matplotlib.pyplot as plt

    from lossedu.figures import use_style

    with plt.rc_context():
        use_style()
        figure = draw(given, **words)
        style = {"facecolor": "white", "transparent": False, "format": "svg"}
        try:
            with replacing(file) as part:
                figure.savefig(part, **style)
        finally:
            plt.close(figure)


def _write_numbers(out: Path, **arrays: Any) -> None:
    from lossedu.landscape.results.archive import write_arrays

    write_arrays(out.with_suffix(".npz"), arrays)


def _report(table: "Table", files: list[Path], quiet: bool) -> None:
    if quiet:
        return
    from rich.console import Console

    from lossedu.tables import as_rich

    console = Console(highlight=False)
    console.print(as_rich(table))
    console.print(f"written: {', '.join(map(str, files))}", markup=False, soft_wrap=True)
