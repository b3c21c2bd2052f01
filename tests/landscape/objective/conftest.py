"""The models that an objective is tested with, one after another."""

import pytest

from tests.landscape.objective.models import MODELS, seeded


@pytest.fixture(params=MODELS)
def model(request):
    return seeded(MODELS[request.param])
