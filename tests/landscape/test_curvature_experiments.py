"""Two known results, reproduced."""

import numpy as np
import pytest

from lossedu.landscape.experiments import batch_size, edge_of_stability

pytestmark = pytest.mark.slow


def test_full_batch_descent_settles_at_two_over_the_learning_rate():
    result = edge_of_stability.run()

    slow, *fast = result.descents
    assert slow.settled < 0.8 * slow.edge  # its time is up before it gets there
    assert slow.sharpness[-1] > 2 * slow.sharpness[0]  # but it sharpens on the way
    for descent in fast:
        # Beyond the edge, within a tenth, whether it started below or above.
        assert 0.98 <= descent.settled / descent.edge <= 1.15
        late = descent.sharpness[len(descent.sharpness) // 2 :]
        assert late.std() < 0.1 * descent.edge
    assert fast[0].sharpness[0] < fast[0].edge
    assert fast[-1].sharpness[0] > fast[-1].edge


def test_larger_batches_rise_faster_and_the_raw_eigenvalue_does_not_tell():
    result = batch_size.run()

    smallest, largest = result.rises[0], result.rises[-1]
    error = np.sqrt((smallest.var(ddof=1) + largest.var(ddof=1)) / len(smallest))
    assert result.rises_with_size
    assert largest.mean() - smallest.mean() > 4 * error
    assert not result.sharpness_is_monotone
    assert len(result.table().rows) == len(result.sizes)
