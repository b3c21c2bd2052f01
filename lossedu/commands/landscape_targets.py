"""What ``lossedu landscape`` looks at: a folder of a run, a function, a file of weights."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lossedu.landscape import Objective


def objective_of(target: str, batch_norm: str = "", checkpoint: Path | None = None) -> "Objective":
    """The loss of a saved run on its training data, or what a function returns.

    Args:
        target: A folder, or package.module:function.
        batch_norm: How statistics are treated; if empty as the function has it, else "frozen".
        checkpoint: A file of weights to take in place of the model's own.

    Raises:
        ValueError: If there is no such run, module or function, or it returns something else.
    """
    from lossedu.landscape.slices.checkpoint import moved, read_state

    objective = _called(target) if is_function(target) else _of_run(target)
    if batch_norm:
        objective = objective.with_batch_norm(batch_norm)  # type: ignore[arg-type]
    return objective if checkpoint is None else moved(objective, read_state(checkpoint))


def _of_run(folder: str) -> "Objective":
    from lossedu.landscape import Objective
    from lossedu.training.saved_runs import read_run

    run = read_run(folder)
    data = [run.task.train]  # one batch: some losses are of all examples together
    return Objective(run.model, run.task.loss, data)


def is_function(target: str) -> bool:
    r"""Whether a target is a function, rather than a folder: C:\runs is one."""
    _, colon, function = target.partition(":")
    return colon != "" and not set(function) & set("/\\") and not Path(target).exists()


def _called(target: str) -> "Objective":
    import sys

    from lossedu.landscape import Objective

    here = str(Path.cwd())
    sys.path.insert(0, here)  # as python -m does
    try:
        made = _function(*target.split(":", 1))()
    finally:
        sys.path.remove(here)
    if not isinstance(made, Objective):
        raise ValueError(
            f"target must return an Objective, but {target} returns {type(made).__name__}."
        )
    return made


def _function(module: str, function: str) -> Any:
    from importlib import import_module

    from lossedu.names import suggestion

    told = f"target must be package.module:function, but {module or ':' + function}"
    if not all(part.isidentifier() for part in module.split(".")):
        raise ValueError(f"{told} names no module.")
    try:
        found = import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise  # of what the module itself imports
        near = suggestion(module, [file.stem for file in Path().glob("*.py")])
        raise ValueError(f"{told} is no module that can be imported here.{near}") from None
    if not callable(getattr(found, function, None)):
        near = suggestion(
            function, [name for name, value in vars(found).items() if callable(value)]
        )
        raise ValueError(f"{told} has no function {function!r}.{near}")
    return getattr(found, function)


def ends_of(objective: "Objective", target: str, to: str) -> tuple[Any, Any]:
    """The weights at both ends of a line; what varies is what the objective says."""
    from lossedu.landscape.slices.checkpoint import read_state, state_of

    start = state_of(objective)
    if Path(to).is_file():
        return start, read_state(to)
    if is_function(to) or is_function(target):
        from lossedu.landscape.reports.movement import check_same_elsewhere

        other = objective_of(to)
        check_same_elsewhere(objective, other, names=("target", "to"))
        return start, state_of(other)
    _check_recipes(target, to)
    return start, state_of(_of_run(to))


def _check_recipes(target: str, to: str) -> None:
    from lossedu.training.saved_runs import read_run

    first, second = read_run(target), read_run(to)
    if first.recipe.layers != second.recipe.layers:
        widths = ["-".join(map(str, run.recipe.layers)) for run in (first, second)]
        raise ValueError(
            f"to must be a run with the layers of {target}, {widths[0]}, but {to} has {widths[1]}."
        )
