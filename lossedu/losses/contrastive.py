"""Contrastive learning: tell the other view of the same thing among everything else.

Chapter: ``similarity/contrastive-learning``.  The trap: the batch is part of the loss.  Twice the
negatives are another loss, and several processes that each see their own part are yet another.
"""

import torch
from torch import Tensor

from lossedu.arguments.checks import Number, check_positive, check_same_shape, check_shape
from lossedu.arguments.reduction import Reduction, check_mask, reduced
from lossedu.losses._binary import surprise_of_one
from lossedu.losses._embeddings import TEMPERATURE, check_rows, embedded
from lossedu.losses._fast.contrast import others
from lossedu.losses._spec import LossSpec


def info_nce_loss(
    queries: Tensor,
    keys: Tensor,
    *,
    temperature: Number = 0.1,
    negatives: Tensor | None = None,
    normalize: bool = True,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Charge the negative log-probability of finding each query's own key among all keys.

    .. math:: \ell_i = -\log \frac{e^{q_i^\top k_i / T}}{\sum_j e^{q_i^\top k_j / T}}

    Args:
        queries: Shape ``(n, d)``, floating point.
        keys: Row i belongs to query i, the same shape; the others are its negatives.
        temperature: T, above 0.  Towards 0 only the hardest negative counts, for large values all
            alike.
        negatives: Further keys that belong to nobody, shape ``(m, d)``: a queue, a memory bank.
        normalize: Whether rows are scaled to length 1 first.
        weight: How much each query counts, at least 0, shape ``(n,)``; None counts all alike.
        mask: True where a pair counts, shape ``(n,)``; hidden ones are nobody's negatives.
        reduction: ``"mean"`` (over the weight that counts), ``"sum"`` or ``"none"``.

    Returns:
        Nats, in [0, inf); log of the number of keys for a blind encoder: a scalar, or one value a
        query.  Half precision comes back as float32; every other dtype is kept.

    Gradient:
        :math:`(\sum_j p_{ij} k_j - k_i) / T` in the query (before it is normalised).

    Numerics:
        softplus of what the others sum to, less the own similarity: relatively exact for encoders
        that are almost right.  By tiles, forward and backward: O(n) memory.  Further derivatives,
        ``torch.func`` and ``torch.compile``: the full matrix.

    Special cases:
        One pair and no negatives: 0.  Pass both through `gather_batch` to use the negatives of all
        processes.

    Raises:
        TypeError: If queries or keys are not floating point, or mask is not boolean.
        ValueError: If shapes do not fit, or temperature is not above 0.

    Example:
        >>> import torch
        >>> round(info_nce_loss(torch.eye(4), torch.eye(4), temperature=1.0).item(), 6)
        0.743668

    References:
        A. van den Oord, Y. Li, O. Vinyals, Representation learning with contrastive predictive
        coding, 2018, arXiv 1807.03748; K. He et al., Momentum contrast, CVPR 2020.
    """
    check_positive("temperature", temperature)
    check_rows("queries", queries)
    check_same_shape("keys", keys, "queries", queries)
    check_mask(mask, queries.shape[:1])
    queries = embedded("queries", queries, mask, normalize)
    keys = embedded("keys", keys, mask, normalize)
    dtype = torch.promote_types(queries.dtype, keys.dtype)
    queries, keys = queries.to(dtype), keys.to(dtype)
    hidden = None if mask is None else ~mask
    every = keys
    if negatives is not None:
        check_shape("negatives", negatives, (len(negatives), keys.shape[1]), "further keys")
        every = torch.cat([keys, embedded("negatives", negatives, None, normalize).to(keys.dtype)])
        more = torch.zeros(len(negatives), dtype=torch.bool, device=keys.device)
        hidden = None if hidden is None else torch.cat([hidden, more])
    queries = queries / temperature
    own = torch.arange(len(queries), device=queries.device).unsqueeze(-1)
    lead = (queries * keys).sum(-1) - others(queries, every, own, hidden)
    return reduced(surprise_of_one(lead), weight, mask, reduction)


def nt_xent_loss(
    view_a: Tensor,
    view_b: Tensor,
    *,
    temperature: Number = 0.5,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Charge each of two views for not finding the other among all views of the batch.

    .. math:: \ell_i = -\log \frac{e^{\cos(z_i, z_{i'}) / T}}{\sum_{j \neq i} e^{\cos(z_i, z_j) /
        T}}

    over the 2n rows z of both views, i' being the other view of i; the loss of a pair is the mean
    of its two.

    Args:
        view_a: Shape ``(n, d)``, floating point; rows are scaled to length 1.
        view_b: Row i is another view of row i of ``view_a``, the same shape.
        temperature: T, above 0.  Towards 0 only the hardest negative counts, for large values all
            alike.
        weight: How much each pair counts, at least 0, shape ``(n,)``; None counts all alike.
        mask: True where a pair counts, shape ``(n,)``; hidden ones are nobody's negatives.
        reduction: ``"mean"`` (over the weight that counts), ``"sum"`` or ``"none"``.

    Returns:
        Nats, in [0, inf): a scalar, or one value a pair.  Half precision comes back as float32;
        every other dtype is kept.

    Gradient:
        As for `info_nce_loss`, from both sides of every similarity.

    Numerics:
        As for `info_nce_loss`: exact, O(n) memory, by tiles forward and backward.

    Special cases:
        One pair: 0, for nobody else is there.

    Raises:
        TypeError: If a view is not floating point, or mask is not boolean.
        ValueError: If shapes differ, or temperature is not above 0.

    Example:
        >>> import torch
        >>> round(nt_xent_loss(torch.eye(4), torch.eye(4), temperature=1.0).item(), 6)
        1.165422

    References:
        T. Chen, S. Kornblith, M. Norouzi, G. Hinton, A simple framework for contrastive learning of
        visual representations, ICML 2020, arXiv 2002.05709, equation 1.
    """
    check_positive("temperature", temperature)
    check_rows("view_a", view_a)
    check_same_shape("view_b", view_b, "view_a", view_a)
    check_mask(mask, view_a.shape[:1])
    n = len(view_a)
    pair = {"view_a": view_a, "view_b": view_b}
    views = torch.cat([embedded(name, view, mask, True) for name, view in pair.items()])
    scaled = views / temperature
    here = torch.arange(2 * n, device=views.device)
    there = here.roll(n)
    hidden = None if mask is None else ~mask.repeat(2)
    similarity = (scaled[:n] * views[n:]).sum(-1).repeat(2)
    lead = similarity - others(scaled, views, torch.stack([here, there], dim=-1), hidden)
    values = surprise_of_one(lead)
    return reduced((values[:n] + values[n:]) / 2, weight, mask, reduction)


SPEC = LossSpec(
    function=info_nce_loss,
    title="InfoNCE loss",
    family="similarity",
    chapter="similarity/contrastive-learning",
    inputs="embedding",
    unit="tuple",
    targets="none",
    argument="s",
    axis="similarity to the own key, with one other key at 0",
    formula="log(1 + exp((u - s)/temperature))",
    given={"u": 0.0},
    domain="row i of the keys belongs to row i of the queries; u is the one negative's similarity",
    noise_model="categorical: which key is the query's own",
    estimand="the log-ratio of joint and marginal density, up to a constant",
    parameters=(TEMPERATURE,),
    references=("oord2018", "he2020"),
)

NT_XENT_SPEC = LossSpec(
    function=nt_xent_loss,
    title="NT-Xent loss",
    family="similarity",
    chapter="similarity/contrastive-learning",
    inputs="embedding",
    unit="tuple",
    targets="none",
    argument="s",
    axis="cosine of the two views, with both views of another pair at 0",
    formula="log(1 + 2*exp((u - s)/temperature))",
    given={"u": 0.0},
    domain="row i of one view belongs to row i of the other; u is every negative's cosine",
    noise_model="categorical: which view is the other one",
    estimand="the log-ratio of joint and marginal density, up to a constant",
    parameters=(TEMPERATURE,),
    references=("chen2020",),
)
