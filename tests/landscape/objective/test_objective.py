"""The loss as a function of parameters is the model's own loss, and the model never notices."""

import copy
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss
from torch.utils.data import DataLoader, TensorDataset

from lossedu.landscape import Objective
from lossedu.training.random_states import scoped

CLASSES = 3


def examples(n=12, shape=(5,)):
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(n, *shape, generator=generator)
    return inputs, torch.randint(CLASSES, (n,), generator=generator)


def seeded(build):
    with scoped(1):
        return build()


def mlp():
    return nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Dropout(0.5), nn.Linear(7, CLASSES))


def with_batch_norm():
    return nn.Sequential(nn.Linear(5, 7), nn.BatchNorm1d(7), nn.ReLU(), nn.Linear(7, CLASSES))


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode = nn.Linear(5, 5)
        self.decode = nn.Linear(5, 5)
        self.decode.weight = self.encode.weight

    def forward(self, x):
        return self.decode(torch.tanh(self.encode(x)))[:, :CLASSES]


class Counting(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(5, CLASSES)
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        self.calls += 1
        return self.head(x)


def transformer(activation="relu"):
    layer = nn.TransformerEncoderLayer(
        8, 2, 16, dropout=0.1, activation=activation, batch_first=True
    )
    encoder = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
    return nn.Sequential(nn.Linear(5, 8), encoder, nn.Flatten(), nn.Linear(4 * 8, CLASSES))


def hooked():
    with pytest.warns(FutureWarning):
        layer = nn.utils.weight_norm(nn.Linear(5, CLASSES))
    layer(torch.zeros(1, 5))
    return nn.Sequential(layer)


MODELS = {
    "mlp": mlp,
    "batch norm": with_batch_norm,
    "tied": Tied,
    "counting": Counting,
    "hooked": hooked,
    "transformer": transformer,
}


@pytest.fixture(params=MODELS)
def model(request):
    return seeded(MODELS[request.param])


def inputs_for(model):
    first = next(module for module in model.modules() if isinstance(module, nn.Linear))
    shape = (4, 5) if any(isinstance(m, nn.TransformerEncoder) for m in model.modules()) else (5,)
    assert first.in_features == 5
    return examples(shape=shape)


def seen(model):
    """Everything of a model that an evaluation might change."""
    grads = [None if p.grad is None else p.grad.clone() for p in model.parameters()]
    return (
        {name: tensor.clone() for name, tensor in model.state_dict().items()},
        grads,
        [p.requires_grad for p in model.parameters()],
        [module.training for module in model.modules()],
        [sorted(vars(module)) for module in model.modules()],
    )


def assert_same(before, after):
    torch.testing.assert_close(after[0], before[0], rtol=0, atol=0)
    torch.testing.assert_close(after[1], before[1], rtol=0, atol=0)
    assert after[2:] == before[2:]


def test_at_the_models_own_point_it_is_the_models_own_loss(model):
    x, y = inputs_for(model)
    objective = Objective(model, cross_entropy, (x, y))
    with torch.no_grad():
        own = cross_entropy(model.eval()(x), y).item()

    assert objective.value(objective.point) == pytest.approx(own, rel=1e-6)


def test_elsewhere_it_is_the_loss_of_a_model_with_those_weights(model):
    x, y = inputs_for(model)
    objective = Objective(model, cross_entropy, (x, y))
    theta = objective.point + 0.1 * torch.randn(objective.size)
    other = copy.deepcopy(model.state_dict())
    other.update(objective.unflatten(theta))
    other.update({k: other["encode.weight"] for k in other if k == "decode.weight"})
    model.load_state_dict(other)
    with torch.no_grad():
        own = cross_entropy(model.eval()(x), y).item()

    assert objective.value(theta) == pytest.approx(own, rel=1e-5)


def test_the_gradient_is_that_of_the_value(model):
    x, y = inputs_for(model)
    objective = Objective(model, cross_entropy, (x, y), dtype=torch.float64)
    direction = torch.randn(objective.size, dtype=torch.float64)
    step = 1e-6

    value, gradient = objective.value_and_gradient(objective.point)

    rise = objective.value(objective.point + step * direction)
    fall = objective.value(objective.point - step * direction)
    assert value == pytest.approx(objective.value(objective.point), rel=1e-12)
    slope = float(gradient @ direction)
    assert (rise - fall) / (2 * step) == pytest.approx(slope, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("batch_norm", ["frozen", "batch", "recomputed"])
def test_the_model_is_left_as_it_was(model, mode, batch_norm):
    x, y = inputs_for(model)
    getattr(model, mode)()
    cross_entropy(model(x), y).backward()
    before = seen(model)

    objective = Objective(model, cross_entropy, (x, y), batch_norm=batch_norm)
    objective.value(objective.point)
    if batch_norm != "recomputed":
        objective.gradient(objective.point)

    assert_same(before, seen(model))


@pytest.mark.parametrize("stop", [ValueError, KeyboardInterrupt])
def test_the_model_is_left_as_it_was_when_something_is_raised(model, stop):
    x, y = inputs_for(model)
    before = seen(model)

    def failing(outputs, targets):
        raise stop

    objective = Objective(model, failing, (x, y), batch_norm="batch")

    with pytest.raises(stop):
        objective.gradient(objective.point)
    assert_same(before, seen(model))


def test_what_the_model_learns_later_does_not_move_the_objective():
    model, (x, y) = mlp(), examples()
    objective = Objective(model, cross_entropy, (x, y), parameters=["0.weight"])
    before = objective.value(objective.point)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1.0)

    assert objective.value(objective.point) == before


@pytest.mark.parametrize("shuffle", [False, True])
def test_unequal_batches_weigh_by_their_examples(shuffle):
    model, (x, y) = mlp(), examples(n=11)
    whole = Objective(model, cross_entropy, (x, y))
    loader = DataLoader(TensorDataset(x, y), batch_size=4, shuffle=shuffle)
    parts = [
        Objective(model, cross_entropy, loader),
        Objective(model, cross_entropy, (x, y), batch_size=4),
        Objective(model, cross_entropy, [(x[:1], y[:1]), (x[1:], y[1:])]),
    ]

    for part in parts:
        assert part.value(part.point) == pytest.approx(whole.value(whole.point), rel=1e-6)
        torch.testing.assert_close(part.gradient(part.point), whole.gradient(whole.point))


def test_a_shuffling_loader_gives_the_same_batches_every_time_and_stays_where_it_was():
    x, y = examples()
    generator = torch.Generator().manual_seed(5)
    loader = DataLoader(TensorDataset(x, y), batch_size=5, shuffle=True, generator=generator)
    objective = Objective(with_batch_norm(), cross_entropy, loader, batch_norm="batch")
    ahead, around = generator.get_state(), torch.get_rng_state()

    values = {objective.value(objective.point) for _ in range(3)}

    assert len(values) == 1
    assert torch.equal(generator.get_state(), ahead)
    assert torch.equal(torch.get_rng_state(), around)


def test_tied_weights_vary_together_and_count_once():
    objective = Objective(Tied(), cross_entropy, examples())

    assert objective.names == ("encode.weight", "encode.bias", "decode.bias")


def test_frozen_parameters_stay_and_names_or_a_rule_select():
    model = mlp()
    model[0].requires_grad_(False)

    by_default = Objective(model, cross_entropy, examples())
    by_name = Objective(model, cross_entropy, examples(), parameters=["0.bias"])
    by_rule = Objective(model, cross_entropy, examples(), parameters=lambda name: "weight" in name)

    assert by_default.names == ("3.weight", "3.bias")
    assert by_name.names == ("0.bias",)
    assert by_rule.names == ("0.weight", "3.weight")


def test_recomputed_statistics_are_those_of_all_examples_at_the_point():
    model, (x, y) = with_batch_norm(), examples()
    objective = Objective(
        model, cross_entropy, (x, y), batch_norm="recomputed", dtype=torch.float64
    )
    theta = objective.point + torch.randn(objective.size, dtype=torch.float64)
    named = objective.unflatten(theta)
    hidden = x.double() @ named["0.weight"].T + named["0.bias"]
    scaled = (hidden - hidden.mean(0)) / (hidden.var(0) + model[1].eps).sqrt()
    scaled = torch.relu(scaled * named["1.weight"] + named["1.bias"])
    expected = cross_entropy(scaled @ named["3.weight"].T + named["3.bias"], y).item()

    assert objective.value(theta) == pytest.approx(expected, rel=1e-12)


def test_recomputed_statistics_weigh_batches_by_their_examples():
    model, (x, _) = nn.BatchNorm1d(5).double(), examples(n=9)
    x = x.double()
    batches = [(x[:2], x[:2]), (x[2:], x[2:])]
    mean = x.mean(0)
    variance = (2 * x[:2].var(0) + 7 * x[2:].var(0)) / 9
    expected = mse_loss((x - mean) / (variance + model.eps).sqrt(), x).item()

    objective = Objective(model, mse_loss, batches, batch_norm="recomputed")

    assert objective.value(objective.point) == pytest.approx(expected, rel=1e-12)
    with pytest.raises(ValueError, match='"recomputed"'):
        objective.gradient(objective.point)


def test_batch_statistics_are_those_of_training():
    model, (x, y) = with_batch_norm(), examples()
    objective = Objective(model, cross_entropy, (x, y), batch_norm="batch")

    own = cross_entropy(copy.deepcopy(model).train()(x), y).item()

    assert objective.value(objective.point) == pytest.approx(own, rel=1e-6)


def test_attention_has_second_derivatives():
    model = transformer("gelu")  # a kink between the two points would be no derivative
    objective = Objective(model, cross_entropy, inputs_for(model), dtype=torch.float64)
    theta = objective.point.clone().requires_grad_()
    batch = next(objective.batches())
    direction = torch.randn(objective.size, dtype=torch.float64)
    step = 1e-5

    (first,) = torch.autograd.grad(objective.differentiable(theta, batch), theta, create_graph=True)
    (second,) = torch.autograd.grad(first, theta, direction)

    after = objective.gradient(objective.point + step * direction)
    before = objective.gradient(objective.point - step * direction)
    torch.testing.assert_close(second, (after - before) / (2 * step), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("batch_norm", ["frozen", "batch", "recomputed"])
def test_a_point_that_is_moved_in_place_is_followed(model, batch_norm):
    x, y = inputs_for(model)
    objective = Objective(model, cross_entropy, (x, y), batch_norm=batch_norm, batch_size=5)
    theta, before = objective.point.clone(), seen(model)
    moves = [torch.randn(objective.size) * size for size in (0.0, 0.1, 1.0)]

    with objective.following(theta) as value:
        found = [value() for move in moves if theta.copy_(objective.point + move) is theta]

    assert found == [objective.value(objective.point + move) for move in moves]
    assert_same(before, seen(model))


class Remembering(nn.Module):
    """Each call adds to a buffer, in place or by a new tensor, and the output depends on it."""

    def __init__(self, in_place):
        super().__init__()
        self.in_place = in_place
        self.head = nn.Linear(5, CLASSES)
        self.register_buffer("calls", torch.ones(()))

    def forward(self, x):
        if self.in_place:
            self.calls += 1
        else:
            self.calls = self.calls + 1
        return self.head(x) * self.calls


@pytest.mark.parametrize("in_place", [True, False])
def test_what_a_call_writes_into_a_buffer_is_gone_before_the_next(in_place):
    objective = Objective(Remembering(in_place), cross_entropy, examples(), batch_size=4)

    with objective.following(objective.point) as value:
        followed = {value() for _ in range(3)}

    assert followed == {objective.value(objective.point)} == {objective.value(objective.point)}


def test_following_ends_where_something_is_raised():
    def failing(outputs, targets):
        raise ValueError("stop")

    objective = Objective(mlp(), failing, examples())
    with pytest.raises(ValueError, match="stop"), objective.following(objective.point) as value:
        value()

    objective.loss = cross_entropy
    assert objective.gradient(objective.point).any()


def test_values_after_gradients_and_gradients_after_values_agree():
    objective = Objective(mlp(), cross_entropy, examples(), dtype=torch.float64)

    value = objective.value(objective.point)

    assert objective.value_and_gradient(objective.point)[0] == pytest.approx(value, rel=1e-12)
    assert objective.value(objective.point) == value


def test_a_point_goes_to_names_and_back():
    model = Tied()
    objective = Objective(model, cross_entropy, examples())

    assert torch.equal(objective.flatten(model.state_dict()), objective.point)
    named = objective.unflatten(objective.point)
    assert torch.equal(named["encode.bias"], model.encode.bias)


def test_a_wrapped_model_is_that_model():
    model = mlp()
    compiled = torch.compile(model)

    objective = Objective(compiled, cross_entropy, examples())

    assert objective.names == tuple(dict(model.named_parameters()))


def test_a_loss_that_is_not_finite_is_said_as_it_is():
    objective = Objective(mlp(), cross_entropy, examples())

    assert objective.value(objective.point * torch.inf) != objective.value(objective.point)
    assert not torch.isfinite(torch.tensor(objective.value(objective.point * torch.inf)))


def test_an_unused_parameter_has_gradient_zero():
    parts = nn.ModuleDict({"used": nn.Linear(5, CLASSES), "idle": nn.Linear(2, 2)})
    objective = Objective(FirstOnly(parts), cross_entropy, examples())

    gradient = objective.unflatten(objective.gradient(objective.point))

    assert not gradient["parts.idle.weight"].any()
    assert gradient["parts.used.weight"].any()


class FirstOnly(nn.Module):
    def __init__(self, parts):
        super().__init__()
        self.parts = parts

    def forward(self, x):
        return self.parts["used"](x)


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"parameters": []}, ValueError, "at least one parameter"),
        ({"parameters": ["0.wieght"]}, ValueError, "0.wieght"),
        ({"parameters": "0.weight"}, ValueError, "the string '0.weight'"),
        ({"batch_norm": "fresh"}, ValueError, "batch_norm must"),
        ({"dtype": torch.int64}, ValueError, "dtype must be floating-point"),
        ({"data": iter([])}, TypeError, "is an iterator"),
        ({"data": 3}, TypeError, "data must be"),
        ({"data": (torch.zeros(2, 5), torch.zeros(3))}, ValueError, "one row an example"),
        ({"model": nn.LazyLinear(3)}, ValueError, "lazy"),
        ({"model": nn.Linear(5, 3, dtype=torch.complex64)}, ValueError, "complex64"),
    ],
)
def test_what_cannot_be_is_refused(given, error, said):
    arguments = {"model": mlp(), "data": examples(), **given}

    with pytest.raises(error, match=said):
        Objective(arguments.pop("model"), cross_entropy, arguments.pop("data"), **arguments)


def test_no_batch_at_all_and_a_loss_of_many_numbers_are_refused():
    for none in ([], [tuple(part[:0] for part in examples())]):
        nothing = Objective(mlp(), cross_entropy, none)
        with pytest.raises(ValueError, match="at least one batch"):
            nothing.value(nothing.point)

    many = Objective(mlp(), nn.CrossEntropyLoss(reduction="none"), examples())
    with pytest.raises(ValueError, match=r'shape \(12,\).*reduction="mean"'):
        many.value(many.point)


def test_a_point_of_another_size_or_model_is_refused():
    objective = Objective(mlp(), cross_entropy, examples())

    with pytest.raises(ValueError, match="theta must have shape"):
        objective.value(objective.point[1:])
    with pytest.raises(ValueError, match=r"'0\.weight' is missing"):
        objective.flatten({})
    with pytest.raises(ValueError, match="must have shape"):
        objective.flatten({**mlp().state_dict(), "0.weight": torch.zeros(1)})


def test_a_loss_that_nothing_leads_from_has_no_gradient():
    errors = Objective(mlp(), lambda out, y: (out.argmax(1) != y).double().mean(), examples())

    assert 0 <= errors.value(errors.point) <= 1
    with pytest.raises(ValueError, match="loss must depend on the parameters"):
        errors.gradient(errors.point)


def test_batches_without_examples_weigh_nothing():
    x, y = examples()
    objective = Objective(mlp(), cross_entropy, [(x[:0], y[:0]), (x, y)], batch_size=3)
    whole = Objective(mlp(), cross_entropy, (x, y))

    assert objective.value(whole.point) == pytest.approx(whole.value(whole.point), rel=1e-6)
    assert objective.gradient(whole.point).isfinite().all()


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_where_gradients_are_off_around_it_numbers_are_the_same(mode):
    model, data = mlp(), examples()
    objective = Objective(model, cross_entropy, data)
    value, gradient = objective.value_and_gradient(objective.point)

    with mode():
        inside = Objective(model, cross_entropy, data)
        for each in (inside, objective):
            found = each.value_and_gradient(each.point.clone())
            with each.following(each.point) as follow:
                followed = follow()
            assert found[0] == followed == value
            assert torch.equal(found[1], gradient)
        assert not torch.is_grad_enabled()

    assert torch.equal(inside.gradient(inside.point), gradient)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_gradients_in_half_precision_are_averaged_in_single(dtype):
    x = torch.ones(2000, 1)
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, 50.0)

    for size in (None, 2):
        objective = Objective(model, mse_loss, (x, 0 * x), dtype=dtype, batch_size=size)
        assert objective.gradient(objective.point).item() == pytest.approx(100, rel=1e-2)


class Shifting(nn.Module):
    """Writes into its input."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(5, CLASSES)

    def forward(self, x):
        x -= 1.0
        return self.head(x)


@pytest.mark.parametrize("kind", ["tensors", "list", "loader"])
def test_a_model_that_writes_into_its_input_sees_the_same_examples_every_time(kind, monkeypatch):
    x, y = examples()
    before = x.clone()
    data = {
        "tensors": (x, y),
        "list": [(x[:5], y[:5]), (x[5:], y[5:])],
        "loader": DataLoader(TensorDataset(x, y), batch_size=5),
    }[kind]
    model = seeded(Shifting)
    expected = cross_entropy(model.head(before - 1), y).item()

    for kept in (2**30, 0):
        monkeypatch.setattr("lossedu.landscape.objective.examples._KEPT_BYTES", kept)
        objective = Objective(model, cross_entropy, data)
        values = [objective.value(objective.point) for _ in range(3)]
        assert values == pytest.approx([expected] * 3, rel=1e-6)

    assert torch.equal(x, before)


class Augmented(torch.utils.data.Dataset):
    def __len__(self):
        return 12

    def __getitem__(self, k):
        x, y = examples()
        return x[k] + torch.randn(5), y[k]


@pytest.mark.parametrize("generator", [None, torch.Generator()])
def test_an_augmenting_loader_draws_the_same_every_time_and_nothing_of_the_callers(
    monkeypatch, generator
):
    monkeypatch.setattr("lossedu.landscape.objective.examples._KEPT_BYTES", 0)
    loader = DataLoader(Augmented(), batch_size=5, shuffle=True, generator=generator)
    objective = Objective(mlp(), cross_entropy, loader)
    around = torch.get_rng_state()

    values = {objective.value(objective.point) for _ in range(3)}

    assert len(values) == 1
    assert torch.equal(torch.get_rng_state(), around)


def test_a_loaders_generator_stays_where_it_was_while_an_exception_is_looked_at():
    x, y = examples()
    generator = torch.Generator().manual_seed(5)
    loader = DataLoader(TensorDataset(x, y), batch_size=5, shuffle=True, generator=generator)
    before = generator.get_state()

    def failing(outputs, targets):
        raise ValueError("stop")

    objective = Objective(mlp(), failing, loader)
    with pytest.raises(ValueError, match="stop") as raised:
        objective.value(objective.point)

    assert raised.tb is not None
    assert torch.equal(generator.get_state(), before)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_recomputed_statistics_do_not_depend_on_the_old_ones(bad):
    model, data = seeded(with_batch_norm), examples()
    fresh = Objective(model, cross_entropy, data, batch_norm="recomputed")
    model[1].running_mean.fill_(bad)
    model[1].running_var.fill_(bad)
    lost = Objective(model, cross_entropy, data, batch_norm="recomputed")

    assert lost.value(lost.point) == fresh.value(fresh.point)


class Siamese(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(5)

    def forward(self, x):
        return self.norm(x) + self.norm(3 * x + 5)


def test_a_layer_that_is_called_twice_averages_both_calls():
    x, _ = examples()
    batches = [(x[:4], x[:4]), (x[4:], x[4:])]
    objective = Objective(Siamese(), mse_loss, batches, batch_norm="recomputed")

    found = objective.statistics(objective.point)

    torch.testing.assert_close(found["norm.running_mean"], (x.mean(0) + (3 * x + 5).mean(0)) / 2)
    hooks = [module._forward_pre_hooks for module in objective._skeleton.modules()]
    assert not any(hooks)


SYNCHRONISED = """
import torch
from torch import nn
from accelerate import PartialState
PartialState(cpu=True)
from lossedu.landscape.slices.line import line
from tests.landscape.objective.test_objective import Objective, cross_entropy, examples, seeded
from tests.landscape.objective.test_objective import with_batch_norm
model = nn.SyncBatchNorm.convert_sync_batchnorm(seeded(with_batch_norm))
for batch_norm in ("batch", "recomputed"):
    plain = Objective(seeded(with_batch_norm), cross_entropy, examples(), batch_norm=batch_norm)
    found = Objective(model, cross_entropy, examples(), batch_norm=batch_norm)
    assert line(found, resolution=3).losses.tolist() == line(plain, resolution=3).losses.tolist()
assert type(model[1]) is nn.SyncBatchNorm
torch.distributed.destroy_process_group()
"""


@pytest.mark.slow
def test_synchronised_batch_norm_does_not_mix_the_points_of_two_processes(
    in_two_processes, monkeypatch
):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))

    in_two_processes(SYNCHRONISED)


def test_two_moving_points_are_followed_side_by_side():
    objective = Objective(mlp(), cross_entropy, examples())
    one, other = objective.point.clone(), 2 * objective.point

    with objective.following(one) as first, objective.following(other) as second:
        found = first(), second(), first()

    assert found == (objective.value(one), objective.value(other), objective.value(one))


def test_a_loss_with_weights_goes_where_the_model_goes_and_is_not_the_callers():
    loss = nn.CrossEntropyLoss(torch.tensor([1.0, 2.0, 3.0]))
    x, y = examples()
    model = mlp()

    objective = Objective(model, loss, (x, y), dtype=torch.float64)

    own = loss(model.eval()(x), y).item()
    assert objective.value(objective.point) == pytest.approx(own, rel=1e-5)
    assert loss.weight.dtype == torch.float32
    assert loss.training


class Keeping(nn.Module):
    """Keeps what its last call made, with its graph."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(5, CLASSES)
        self.seen = {}

    def forward(self, x):
        self.seen["heads"] = [self.head(x)]
        return self.seen["heads"][0]


def test_a_model_that_kept_activations_is_read_like_any_other():
    model, (x, y) = Keeping(), examples()
    own = cross_entropy(model(x), y).item()
    kept = model.seen["heads"][0]

    objective = Objective(model, cross_entropy, (x, y))

    assert objective.value(objective.point) == pytest.approx(own, rel=1e-6)
    assert model.seen["heads"][0] is kept
