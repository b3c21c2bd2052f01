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
from lossedu.landscape.reports.comparison import compare_checkpoints, compare_objectives
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
    stored = json.loads(found.to_json())

    for model, signs in zip(models, stored["signs"], strict=True):
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

    text = found.to_json()
    assert json.loads(text)["interpolation"]["height"] is None
    assert found.html().count("<polyline") == 2
    assert not np.isfinite(found.interpolation.losses).all()


def test_the_files_are_written_whole(found, tmp_path):
    page, data = found.write(tmp_path / "report")

    assert sorted(p.name for p in page.parent.iterdir()) == ["comparison.html", "comparison.json"]
    assert json.loads(data.read_text()) == found.to_dict()
    assert "&lt;new&gt;" in page.read_text()
    assert "<new>" not in page.read_text()


def test_models_of_other_shapes_are_refused():
    x = torch.eye(2)

    with pytest.raises(
        ValueError, match=r"'weight' differs: of shape \(1, 2\) in first, of shape \(2, 2\)"
    ):
        compare_checkpoints(nn.Linear(2, 1), nn.Linear(2, 2), mse_loss, (x, x[:, :1]))


class Scaled(nn.Module):
    """A linear model whose output is multiplied by a buffer."""

    def __init__(self, scale):
        super().__init__()
        self.linear = nn.Linear(4, 3).double()
        self.register_buffer("scale", torch.tensor(scale).double())

    def forward(self, x):
        return self.linear(x) * self.scale


def test_models_that_differ_in_buffers_or_structure_have_no_line_between():
    with pytest.raises(ValueError, match=r"with the weights of second the loss is .* in first and"):
        compare_checkpoints(Scaled(1.0), Scaled(5.0), cross_entropy, examples())
    with scoped(0):  # with these weights the losses are a tenth apart
        one, other = (
            nn.Sequential(nn.Linear(4, 8), activation, nn.Linear(8, 3)).double()
            for activation in (nn.Tanh(), nn.Softplus())
        )
    with pytest.raises(ValueError, match="structure must agree"):
        compare_checkpoints(one, other, cross_entropy, examples())


def test_objectives_of_other_data_are_not_compared(models):
    x, y = examples()
    pair = [Objective(models[0], cross_entropy, (x, targets)) for targets in (y, 2 - y)]

    with pytest.raises(ValueError, match="data, loss and structure must agree"):
        compare_objectives(*pair)


@pytest.mark.parametrize("names", ["ab", ("one",), ("one", "two", "three")])
def test_names_that_are_not_two_are_refused_at_once(models, names):
    with pytest.raises(ValueError, match="names must be two"):
        compare_checkpoints(*models, None, None, names=names)


def test_a_report_that_cannot_be_written_leaves_nothing_behind(found, tmp_path, monkeypatch):
    def fail(*_):
        raise OSError("disk is full")

    monkeypatch.setattr("pathlib.Path.replace", fail)

    with pytest.raises(OSError, match="disk is full"):
        found.write(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_has_diverged_is_said_to_have(models):
    broken = copy.deepcopy(models[1])
    with torch.no_grad():
        broken[3].bias.fill_(torch.nan)

    page = compare_checkpoints(models[0], broken, cross_entropy, examples()).html()
    nothing = compare_checkpoints(broken, broken, cross_entropy, examples()).html()

    assert "second: the loss or its gradient is not finite." in page
    assert "first: the loss or its gradient" not in page
    assert "The loss is not finite everywhere on the line between." in page
    assert "of them it is not finite." in page
    assert "width:nan" not in page
    assert "At 11 of them it is not finite." in nothing
    assert "<svg" not in nothing


@pytest.mark.browser
def test_small_numbers_and_long_names_stay_inside_the_picture(tmp_path, browser):
    x = torch.randn(30, 3, generator=torch.Generator().manual_seed(0)).double()
    pair = [nn.Linear(3, 1).double() for _ in "ab"]
    for scale, model in enumerate(pair, 1):
        with torch.no_grad():
            model.weight.fill_(scale * 1.2345e-4)
            model.bias.zero_()
    names = ["/".join(["", *["wanderings"] * 12, name]) for name in ("one", "two")]
    path, _ = compare_checkpoints(*pair, mse_loss, (x, 0 * x[:, :1]), names=names).write(tmp_path)
    page = browser.new_page(viewport={"width": 390, "height": 800})

    page.goto(path.as_uri())

    places = """() => { const frame = document.querySelector("svg").getBoundingClientRect();
        return [...document.querySelectorAll("svg text")].map(text => {
            const box = text.getBoundingClientRect();
            return [box.left - frame.left, frame.right - box.right]; }); }"""
    low, high, first, second = page.evaluate(places)
    width = page.evaluate("document.querySelector('svg').getBoundingClientRect().width")
    assert min(low + high + first + second) >= 0
    assert width - first[1] < second[0]
    assert page.evaluate("document.querySelector('th.number').offsetWidth") < 200
    page.close()


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
