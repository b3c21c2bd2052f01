"""What holds for InfoNCE and NT-Xent alone: tiles give the cross-entropy of the full matrix."""

import math

import mpmath as mp
import pytest
import torch
from torch.nn import functional

from lossedu.losses import info_nce_loss, nt_xent_loss

TEMPERATURES = [0.02, 0.5, 3.0]
every_temperature = pytest.mark.parametrize("temperature", TEMPERATURES)


def drawn(*shape, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)


def full_info_nce(a, b, temperature=0.1, negatives=None, normalize=True, reduction="mean"):
    """The class of query i is i among all keys."""
    every = b if negatives is None else torch.cat([b, negatives])
    if normalize:
        a, every = functional.normalize(a, dim=1), functional.normalize(every, dim=1)
    similarity = a @ every.mT / temperature
    return functional.cross_entropy(similarity, torch.arange(len(a)), reduction=reduction)


def full_nt_xent(a, b, temperature=0.5, reduction="mean"):
    """The class of a view is the other view, among all views without itself."""
    n = len(a)
    views = functional.normalize(torch.cat([a, b]), dim=1)
    itself = torch.eye(2 * n, dtype=torch.bool)
    similarity = torch.where(itself, -torch.inf, views @ views.mT / temperature)
    values = functional.cross_entropy(similarity, torch.arange(2 * n).roll(n), reduction="none")
    return values.mean() if reduction == "mean" else values.reshape(2, n).mean(0)


both = pytest.mark.parametrize(
    ("loss", "full"), [(info_nce_loss, full_info_nce), (nt_xent_loss, full_nt_xent)]
)


def derived(loss, a, b, **options):
    """The value, the gradient, and the second derivative in one direction."""
    leaves = [x.clone().requires_grad_() for x in (a, b)]
    value = loss(*leaves, **options)
    slopes = torch.autograd.grad(value, leaves, retain_graph=True)
    kept = torch.autograd.grad(value, leaves, create_graph=True)
    along = sum((drawn(*x.shape, seed=99) * x).sum() for x in kept)
    return value.detach(), *slopes, *torch.autograd.grad(along, leaves)


def assert_same(got, expected, rtol=1e-9):
    """Equal in units of the largest entry."""
    for found, wanted in zip(got, expected, strict=True):
        unit = wanted.abs().max().clamp(min=1e-300)
        torch.testing.assert_close(found / unit, wanted / unit, rtol=0, atol=rtol)


def test_two_queries_by_hand():
    # Cosines 1 and 0 of the first query with the keys, 0 and -1 of the second.
    queries, keys = torch.tensor([[2.0, 0], [0, 3]]), torch.tensor([[1.0, 0], [0, -5]])

    got = info_nce_loss(queries, keys, temperature=0.5, reduction="none")

    own = [math.log1p(math.exp(-2)), math.log1p(math.exp(2))]
    assert got.tolist() == pytest.approx(own)


@every_temperature
@pytest.mark.parametrize("similarity", [-0.9, 0.0, 0.4, 0.999])
def test_one_pair_beside_another_agrees_with_fifty_digits(similarity, temperature):
    aside = math.sqrt(1 - similarity**2)
    a = torch.eye(3, dtype=torch.float64)[:2]
    b = torch.tensor([[similarity, 0, aside], [0, 1, 0]], dtype=torch.float64)

    nce = info_nce_loss(a, b, temperature=temperature, reduction="none")[0]
    xent = nt_xent_loss(a, b, temperature=temperature, reduction="none")[0]

    with mp.workdps(50):
        one = mp.exp(-mp.mpf(similarity) / mp.mpf(temperature))
        assert nce.item() == pytest.approx(float(mp.log1p(one)), rel=1e-13)
        assert xent.item() == pytest.approx(float(mp.log1p(2 * one)), rel=1e-13)


@both
@every_temperature
@pytest.mark.parametrize("n", [2, 3, 64, 65])
def test_equals_cross_entropy_over_the_full_matrix(loss, full, n, temperature):
    a, b = drawn(2, n, 5)

    got = derived(loss, a, b, temperature=temperature)

    assert_same(got, derived(full, a, b, temperature=temperature))
    torch.testing.assert_close(
        loss(a, b, temperature=temperature, reduction="none"),
        full(a, b, temperature=temperature, reduction="none"),
        rtol=1e-9,
        atol=1e-12,
    )


@pytest.mark.parametrize(
    ("loss", "full", "n"),
    [(info_nce_loss, full_info_nce, n) for n in (1024, 1025)]
    + [(nt_xent_loss, full_nt_xent, n) for n in (512, 513)],  # twice as many views
)
def test_sizes_around_a_tile_are_alike(loss, full, n):
    a, b = drawn(2, n, 3, seed=1)

    assert_same(derived(loss, a, b), derived(full, a, b))


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("count", [3, 20_000])  # 20000: 64 queries a tile, and two left over
def test_further_negatives_are_further_columns(count, normalize):
    (a, b), more = drawn(2, 130, 3, seed=2), drawn(count, 3, seed=3)

    got, expected = (
        derived(lambda x, k, f=f: f(x, b, negatives=k, normalize=normalize), a, more)
        for f in (info_nce_loss, full_info_nce)
    )

    assert_same(got, expected)


@both
@pytest.mark.parametrize("constant", [0, 1])
def test_one_side_may_be_a_constant_also_for_second_derivatives(loss, full, constant):
    pair = list(drawn(2, 6, 4, seed=5))
    leaf = pair[1 - constant] = pair[1 - constant].clone().requires_grad_()

    got, expected = (
        torch.autograd.grad(
            torch.autograd.grad(f(*pair), leaf, create_graph=True)[0].square().sum(), leaf
        )
        for f in (loss, full)
    )

    assert_same(got, expected)


def test_queries_and_keys_may_be_the_same_rows():
    a, b = drawn(2, 6, 4, seed=4)

    got, expected = (
        derived(lambda x, y, f=f: f(*[x * y] * 2, normalize=False), a, b)
        for f in (info_nce_loss, full_info_nce)
    )

    assert_same(got, expected)


@both
def test_scaling_rows_and_permuting_pairs_change_nothing(loss, full):
    a, b = drawn(2, 9, 4, seed=6)
    sizes, order = drawn(9, 1, seed=7).exp(), torch.arange(9).flip(0)

    torch.testing.assert_close(loss(sizes * a, b / sizes), loss(a, b))
    torch.testing.assert_close(
        loss(a[order], b[order], reduction="none"), loss(a, b, reduction="none")[order]
    )


def test_views_may_change_places():
    a, b = drawn(2, 9, 4, seed=8)

    torch.testing.assert_close(nt_xent_loss(a, b), nt_xent_loss(b, a))
    assert info_nce_loss(a, b) != info_nce_loss(b, a)


@every_temperature
@pytest.mark.parametrize("n", [1, 2, 7, 1025])
def test_a_blind_encoder_pays_the_logarithm_of_the_number_of_keys(n, temperature):
    rows = drawn(1, 4, seed=9).expand(n, 4)

    nce = info_nce_loss(drawn(n, 4, seed=10), rows, temperature=temperature)

    assert nce.item() == pytest.approx(math.log(n), rel=1e-9)
    xent = nt_xent_loss(rows[:512], rows[:512], temperature=temperature)
    assert xent.item() == pytest.approx(math.log(2 * min(n, 512) - 1), rel=1e-9)


@both
def test_one_pair_costs_nothing_and_so_does_none(loss, full):
    a, b = drawn(2, 1, 4, seed=11).requires_grad_()

    value = loss(a, b)
    slopes = torch.autograd.grad(value, (a, b), create_graph=True)

    assert value == 0
    assert all((slope == 0).all() for slope in slopes)
    assert loss(a[:0], b[:0]) == 0
    assert loss(a[:0], b[:0], reduction="none").shape == (0,)


@both
def test_a_mask_is_the_same_as_leaving_out(loss, full):
    a, b = drawn(2, 12, 4, seed=12)
    shown = torch.arange(12) % 3 != 0
    expected = derived(loss, a[shown], b[shown])
    a[~shown] = b[~shown] = torch.nan
    leaves = [x.clone().requires_grad_() for x in (a, b)]

    value = loss(*leaves, mask=shown)
    slopes = torch.autograd.grad(value, leaves)

    assert_same((value.detach(), *(s[shown] for s in slopes)), expected[:3])
    assert all((s[~shown] == 0).all() for s in slopes)
    assert loss(a, b, mask=torch.arange(12) == 4) == 0
    weight = torch.arange(12).double()
    values = loss(a, b, mask=shown, reduction="none")
    weighted = loss(a, b, mask=shown, weight=weight)
    torch.testing.assert_close(weighted, (weight * values).sum() / weight[shown].sum())
    assert loss(a, b, mask=shown & False) == 0


def test_an_encoder_that_is_almost_right_keeps_its_digits():
    a = torch.eye(4)

    got = info_nce_loss(a, a, temperature=0.02).item()

    assert got == pytest.approx(3 * math.exp(-50), rel=1e-5, abs=0)


@both
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("n", [7, 1030])
def test_half_precision_is_computed_in_float32(loss, full, dtype, n):
    a, b = drawn(2, n, 4, seed=14, dtype=dtype)

    with torch.autocast("cpu", dtype=torch.bfloat16):
        got = loss(a, b)

    assert got.dtype == torch.float32
    assert got == loss(a.float(), b.float())
    assert got.item() == pytest.approx(full(a.double(), b.double()).item(), rel=1e-5)


@both
@pytest.mark.parametrize("size", [0.0, 1e-30, 1e30])
def test_extreme_lengths_are_only_directions(loss, full, size):
    a, b = drawn(2, 6, 4, seed=15, dtype=torch.float32)
    leaf = (size * a).requires_grad_()

    value = loss(leaf, b, temperature=1e-3)
    (slope,) = torch.autograd.grad(value, leaf)

    assert value.isfinite()
    assert slope.isfinite().all()
    if size:
        torch.testing.assert_close(value, loss(a, b, temperature=1e-3), rtol=1e-4, atol=1e-6)


@both
def test_gradcheck_gradgradcheck_and_a_second_backward_pass(loss, full):
    leaves = [x.clone().requires_grad_() for x in drawn(2, 5, 3, seed=16)]

    assert torch.autograd.gradcheck(loss, leaves)
    assert torch.autograd.gradgradcheck(loss, leaves)
    value = loss(*leaves)
    once = torch.autograd.grad(value, leaves, retain_graph=True)
    assert all(map(torch.equal, once, torch.autograd.grad(value, leaves)))


@both
def test_torch_func_agrees_with_a_loop(loss, full):
    a, b = drawn(2, 3, 5, 4, seed=17)

    got = torch.func.vmap(torch.func.grad(loss))(a, b)

    expected = [derived(full, x, y)[1] for x, y in zip(a, b, strict=True)]
    torch.testing.assert_close(got, torch.stack(expected))


@pytest.mark.slow
def test_compiled_in_one_graph_agrees_with_eager():
    a, b = drawn(2, 6, 4, seed=18)
    torch.compiler.reset()

    compiled = torch.compile(nt_xent_loss, fullgraph=True, backend="aot_eager")

    torch.testing.assert_close(compiled(a, b), nt_xent_loss(a, b))


@both
def test_changing_an_input_before_backward_is_an_error_not_a_wrong_gradient(loss, full):
    a, b = (x.clone() for x in drawn(2, 6, 4, seed=19).requires_grad_())
    value = loss(a, b)
    a.add_(1)

    with pytest.raises(RuntimeError, match="modified by an inplace"):
        value.backward()


@pytest.mark.parametrize("temperature", [0.0, -1.0, math.inf, math.nan])
@both
def test_a_temperature_that_is_none_is_refused(loss, full, temperature):
    with pytest.raises(ValueError, match=r"^temperature must be above 0 and finite, but is"):
        loss(torch.zeros(2, 3), torch.zeros(2, 3), temperature=temperature)


@pytest.mark.parametrize(
    ("error", "words", "call"),
    [
        (ValueError, "queries and keys must have the same", lambda x: info_nce_loss(x, x[:1])),
        (ValueError, "view_a and view_b must have the", lambda x: nt_xent_loss(x, x[:, :1])),
        (ValueError, "queries must have the shape", lambda x: info_nce_loss(x[0], x[0])),
        (ValueError, "negatives must", lambda x: info_nce_loss(x, x, negatives=x[:, :1])),
        (ValueError, "mask must", lambda x: nt_xent_loss(x, x, mask=torch.ones(3).bool())),
        (TypeError, "mask must be a boolean", lambda x: nt_xent_loss(x, x, mask=torch.ones(2))),
        (TypeError, "view_a must be a floating", lambda x: nt_xent_loss(x.long(), x)),
        (TypeError, "keys must be a floating", lambda x: info_nce_loss(x, x.long())),
    ],
)
def test_bad_input_is_refused(error, words, call):
    with pytest.raises(error, match=f"^{words}"):
        call(torch.zeros(2, 3))
