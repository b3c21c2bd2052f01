"""Whatever a public function of the landscape returns is short to print, kept, drawn and read."""

import importlib
import inspect
import json
import pkgutil
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import get_args

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

import lossedu.landscape
from lossedu.figures import plot, use_style
from lossedu.landscape.results.result import Result
from lossedu.tables import Table
from tests.landscape.results.one_of_each import every_kind

# What is made of values inside of the package and never handed to a user.
INSIDE = {
    *("Counted", "Curvature", "Examples", "Filled", "Flat", "Interpolant", "Layout", "Linearised"),
    *("Predictions", "Ritz", "Survey", "Weighted"),
    # How units are followed through a model.
    *("Heads", "Hidden", "Lost", "Outside", "Scores", "Segment", "Space", "Split", "Stored"),
    "Whole",
    "WarmRestarts",  # a schedule: what is to be done, not what was computed
}
FEW_NUMBERS = {
    *("Alignment", "CompressedPoint", "Drift", "ExpectedRise", "GateCheck", "GateResult", "Limit"),
    *("Measured", "NaturalGradient", "NoiseScale", "RunResult", "Spread", "TraceEstimate"),
    *("VitalSigns", "WorstCase"),
    # Of experiments, which the book draws in ways of its own.
    *("BatchSizes", "ConnectedMinima", "Descent", "EdgeOfStability", "FlatterMinima"),
    *("StaleGradients", "WeightMatching"),
}


def functions_of(module):
    for name, value in vars(module).items():
        if name.startswith("_") or getattr(value, "__module__", "") != module.__name__:
            continue
        if inspect.isfunction(value):
            yield value
        elif inspect.isclass(value):
            methods = inspect.getmembers(value, inspect.isfunction)
            yield from (method for own, method in methods if not own.startswith("_"))


def classes_in(hint):
    if inspect.isclass(hint):
        yield hint
    for inner in get_args(hint):
        yield from classes_in(inner)


def returned():
    """Each dataclass of the landscape that a public function or method of it returns."""
    package = lossedu.landscape
    names = [info.name for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
    modules = [importlib.import_module(name) for name in names]
    # What a module imports for its types alone is not there when it runs.
    classes = {n: v for m in modules for n, v in vars(m).items() if inspect.isclass(v)}
    for function in (function for module in modules for function in functions_of(module)):
        hint = function.__annotations__.get("return")
        if isinstance(hint, str):
            hint = eval(hint, classes | function.__globals__)
        for kind in classes_in(hint):
            if is_dataclass(kind) and kind.__module__.startswith(package.__name__):
                yield kind


@cache
def every():
    return every_kind()


def test_what_public_functions_return_is_a_result_and_is_tried_here():
    kinds = {kind for kind in returned() if kind.__name__ not in INSIDE}

    assert len(kinds) > 20
    assert {kind.__name__ for kind in kinds if not issubclass(kind, Result)} == set()
    assert {kind.__name__ for kind in kinds} - set(every()) == set()


def test_each_is_printed_in_a_few_lines():
    texts = {name: repr(result) for name, result in every().items()}

    assert {n: t for n, t in texts.items() if not t.startswith(n) or t.count("\n") > 3} == {}
    assert max(map(len, texts.values())) < 450


def test_a_long_result_is_printed_no_longer_than_a_short_one():
    density = replace(every()["SpectralDensity"], grid=np.linspace(0, 1, 10**5))

    assert "grid=100000 numbers from 0 to 1" in " ".join(repr(density).split())
    assert len(repr(density)) < 450


def test_each_prints_a_table():
    for name, result in every().items():
        table = result.table()
        text = str(table)

        assert isinstance(table, Table)
        assert len(text.splitlines()) == len(table.rows) + 2, name
        assert "Table(" not in text
        assert max(map(len, text.splitlines())) <= 110, text
        assert "<table" in result._repr_html_()


def test_each_gives_json_that_any_reader_takes():
    for name, result in every().items():
        data = json.loads(result.to_json())

        assert data.keys() == {f.name for f in fields(result)} | set(type(result).derived), name
        assert data == result.to_dict()
    assert "NaN" not in every()["TraceEstimate"].to_json()


def test_tensors_are_written_out_on_request_alone():
    pairs = every()["Eigenpairs"]

    assert pairs.to_dict()["vectors"] == {"shape": list(pairs.vectors.shape), "dtype": "float32"}
    assert pairs.to_dict(tensors=True)["vectors"] == pairs.vectors.tolist()


def same(one, other):
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=True)
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        pairs = zip(one, other, strict=True)
        return type(one) is type(other) and all(same(*pair) for pair in pairs)
    if is_dataclass(one):
        names = [field.name for field in fields(one)]
        return type(one) is type(other) and all(
            same(getattr(one, name), getattr(other, name)) for name in names
        )
    return type(one) is type(other) and repr(one) == repr(other)


def test_each_is_the_same_when_it_was_saved_and_loaded(tmp_path):
    for name, result in every().items():
        file = tmp_path / f"{name}.npz"
        result.save(file)

        assert same(type(result).load(file), result), name
    assert not list(tmp_path.glob(".*"))


def test_a_saved_result_is_read_by_numpy_without_pickle(tmp_path):
    density = every()["SpectralDensity"]
    density.save(tmp_path / "density.npz")

    with np.load(tmp_path / "density.npz", allow_pickle=False) as arrays:
        assert np.array_equal(arrays["density"], density.density)
        assert np.array_equal(arrays["nodes.1"], density.nodes[1])


def test_a_tensor_in_a_dtype_that_numpy_lacks_comes_back(tmp_path):
    pairs = every()["Eigenpairs"]
    coarse = replace(pairs, vectors=pairs.vectors.bfloat16())
    coarse.save(tmp_path / "pairs.npz")

    assert same(type(pairs).load(tmp_path / "pairs.npz"), coarse)


def test_each_draws_itself_or_says_that_it_is_a_few_numbers():
    with plt.rc_context():
        use_style()
        for name, result in every().items():
            if name in FEW_NUMBERS:
                with pytest.raises(TypeError, match=f"result must be of a kind .* is {name}"):
                    result.plot()
                continue
            figure = result.plot()
            assert any(axes.has_data() for axes in figure.axes), name
            assert plot(result) is not figure
            plt.close("all")


def test_files_of_another_kind_are_refused_in_words(tmp_path):
    trace, density = every()["TraceEstimate"], every()["SpectralDensity"]
    trace.save(tmp_path / "trace.npz")
    (tmp_path / "torn.npz").write_bytes((tmp_path / "trace.npz").read_bytes()[:200])
    (tmp_path / "text.npz").write_text("value\n1\n")
    np.savez(tmp_path / "other.npz", values=np.ones(3))
    np.savez(tmp_path / "wrong.npz", record=np.array('{"kind": "TraceEstimate", "fields": {}}'))

    with pytest.raises(ValueError, match=r"holds a TraceEstimate\. Hint: TraceEstimate\.load"):
        type(density).load(tmp_path / "trace.npz")
    for name in ("torn", "text", "other", "wrong"):
        with pytest.raises(ValueError, match=r"path must be a file that TraceEstimate\.save"):
            type(trace).load(tmp_path / f"{name}.npz")
    with pytest.raises(FileNotFoundError):
        type(trace).load(tmp_path / "nowhere.npz")
