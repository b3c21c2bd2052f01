"""The incident report says what direct computation says, on one page that asks no other host."""

import copy
import json

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss

from lossedu.calibration import expected_calibration_error
from lossedu.landscape import Objective
from lossedu.landscape.comparison import compare_checkpoints
from lossedu.training.random_states import scoped


def examples(n=40, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = 2 + torch.randn(n, 4, generator=generator).double()
    return x, (x[:, 0] * x[:, 1] > 4).long() + (x[:, 2] > 3).long()


def trained(seed, steps=150):
    with scoped(seed):
        model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 3))
    model = model.double()
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    for _ in range(steps):
        optimizer.zero_grad()
        cross_entropy(model(examples()[0]), examples()[1]).backward()
        optimizer.step()
    return model.eval()


@pytest.fixture(scope="module")
def models():
    return trained(1), trained(2)


@pytest.fixture(scope="module")
def found(models):
    held_out = examples(30, seed=5)
    return compare_checkpoints(*models, cross_entropy, examples(), held_out, names=("old", "<new>"))


def test_the_json_is_what_direct_computation_gives(models, found):
    x, y = examples()
    stored = json.loads(json.dumps(found.as_json(), allow_nan=False))

    for model, signs in zip(models, stored["checkpoints"], strict=True):
        model.zero_grad()
        loss = cross_entropy(model(x), y)
        loss.backward()
        assert signs["loss"] == pytest.approx(loss.item(), rel=1e-10)
        norms = {name: p.grad.norm().item() for name, p in model.named_parameters()}
        assert signs["gradient_norms"] == pytest.approx(norms, rel=1e-8)
        objective = Objective(model, cross_entropy, (x, y))
        batch = next(objective.batches())
        matrix = torch.func.hessian(lambda t: objective.differentiable(t, batch))(objective.point)  # noqa: B023
        top, trace = signs["top_eigenvalue"], signs["trace"]
        assert top["converged"]
        assert top["value"] == pytest.approx(torch.linalg.eigvalsh(matrix)[-1].item(), rel=1e-2)
        assert abs(trace["value"] - matrix.trace().item()) <= max(2 * trace["error"], 1e-8)
        xv, yv = examples(30, seed=5)
        with torch.no_grad():
            p = model(xv).softmax(-1)
        error = expected_calibration_error(p, yv).item()
        assert signs["held_out"]["calibration_error"] == pytest.approx(error, rel=1e-9)
        own = [-p[yv == c, c].log().mean().item() for c in range(3)]
        assert signs["loss_by_class"] == pytest.approx(own, rel=1e-9)
    before, after = (m[0].weight.detach() for m in models)
    moved = stored["drift"]["0.weight"]
    assert moved["distance"] == pytest.approx((after - before).norm().item(), rel=1e-10)
    assert moved["relative"] == pytest.approx(
        ((after - before).norm() / before.norm()).item(), rel=1e-10
    )
    assert set(stored["drift"]) == {"all", *dict(models[0].named_parameters())}


def test_both_ends_of_the_line_have_statistics_of_their_own(models, found):
    x, y = examples()
    ends = []
    for model in models:
        again = copy.deepcopy(model)
        again[1].momentum = 1.0
        again.train()(x)
        ends.append(cross_entropy(again.eval()(x), y).item())

    line = found.interpolation
    assert line.losses[[0, -1]].tolist() == pytest.approx(ends, rel=1e-9)


def test_saved_statistics_that_do_not_fit_are_said():
    fine, stale = trained(1), trained(1)
    stale[1].running_mean += 3

    found = compare_checkpoints(fine, stale, cross_entropy, examples())

    x, y = examples()
    recomputed = found.interpolation.losses[-1]
    gap = cross_entropy(stale(x), y).item() - recomputed
    assert found.signs[1].statistics_gap == pytest.approx(gap, rel=1e-9)
    assert gap > 0.1
    assert found.drift["all"].distance == 0
    assert "saved statistics are not those of these data" in found.html()


def test_the_models_are_untouched(models):
    before = [copy.deepcopy(m.state_dict()) for m in models]

    compare_checkpoints(*models, cross_entropy, examples())

    for model, state in zip(models, before, strict=True):
        torch.testing.assert_close(model.state_dict(), state, rtol=0, atol=0)


def test_a_parameter_that_is_not_trained_is_compared_too():
    pair = [nn.Linear(2, 1).double() for _ in "ab"]
    for model in pair:
        model.bias.requires_grad_(False)
    x = torch.eye(2).double()
    ends = [mse_loss(m(x), x[:, :1]).item() for m in pair]

    found = compare_checkpoints(*pair, mse_loss, (x, x[:, :1]))

    assert found.interpolation.losses[[0, -1]].tolist() == pytest.approx(ends, rel=1e-12)
    assert found.drift["bias"].distance > 0
    assert found.signs[0].held_out == {}


def test_a_loss_that_is_not_finite_is_none_in_json_and_a_gap_in_the_picture():
    class Root(nn.Module):
        def __init__(self, value):
            super().__init__()
            self.t = nn.Parameter(torch.tensor([value]).double())

        def forward(self, x):
            return (self.t.abs() - 0.5).sqrt() * x

    x = torch.ones(3, 1).double()
    found = compare_checkpoints(Root(1.0), Root(-1.0), mse_loss, (x, x))

    text = json.dumps(found.as_json(), allow_nan=False)
    assert json.loads(text)["interpolation"]["height"] is None
    assert found.html().count("<polyline") == 2
    assert not np.isfinite(found.interpolation.losses).all()


def test_the_files_are_written_whole(found, tmp_path):
    page, data = found.write(tmp_path / "report")

    assert sorted(p.name for p in page.parent.iterdir()) == ["comparison.html", "comparison.json"]
    assert json.loads(data.read_text()) == json.loads(json.dumps(found.as_json()))
    assert "&lt;new&gt;" in page.read_text()
    assert "<new>" not in page.read_text()


def test_models_of_other_shapes_are_refused():
    x = torch.eye(2)

    with pytest.raises(ValueError, match="'bias' differs"):
        compare_checkpoints(nn.Linear(2, 1), nn.Linear(2, 2), mse_loss, (x, x[:, :1]))


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_phone_and_asks_no_other_host(found, tmp_path, browser, scheme):
    path, _ = found.write(tmp_path)
    page = browser.new_page(viewport={"width": 390, "height": 800}, color_scheme=scheme)
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))

    page.goto(path.as_uri())

    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert asked == [path.as_uri()]
    assert said == []
    page.close()
