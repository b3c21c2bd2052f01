"""Graphs are kept between products as long as they fit, and change no product."""

import pytest
import torch

from lossedu.landscape.curvature.products import hessian
from lossedu.landscape.objective.graphs import bytes_of_graph
from tests.landscape.curvature.dense_matrices import objective_of


@pytest.mark.parametrize("memory", [0, 1, 2**30])
def test_the_product_is_the_same_however_many_graphs_are_kept(memory):
    objective = objective_of(batch_size=3)
    vector = torch.ones(objective.size, dtype=torch.float64)
    operator = hessian(objective, memory=memory)

    first, second = operator @ vector, operator @ vector

    torch.testing.assert_close(first, hessian(objective) @ vector, rtol=0, atol=0)
    torch.testing.assert_close(second, first, rtol=0, atol=0)


def test_graphs_beyond_the_first_are_kept_as_long_as_they_fit():
    objective = objective_of(batch_size=3)
    vector = torch.ones(objective.size, dtype=torch.float64)
    (one,) = (
        hessian(objective)._linearise(objective, objective.point, next(objective.batches())).roots
    )
    room = 2 * bytes_of_graph([one]) + 1
    operators = [hessian(objective, memory=memory) for memory in (0, room, 2**30)]

    for operator in operators:
        operator @ vector

    assert [len(operator._kept) for operator in operators] == [1, 3, 4]


def test_a_graph_weighs_what_it_saved():
    x = torch.ones(1000, dtype=torch.float64, requires_grad=True)

    assert bytes_of_graph([x.sin().exp()]) == 2 * 8000  # sin keeps its input, exp its result


@pytest.mark.parametrize("memory", [0, 2**30])
def test_a_point_that_moves_on_leaves_the_curvature_where_it_was(memory):
    objective = objective_of(batch_size=3)
    theta, vector = objective.point.clone(), torch.ones_like(objective.point)
    operator = hessian(objective, theta, memory=memory)

    before = operator @ vector
    theta *= 2

    torch.testing.assert_close(operator @ vector, before, rtol=0, atol=0)
