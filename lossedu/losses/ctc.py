"""Connectionist temporal classification: the labels are known, where they stand is not.

Chapter: ``beyond/sequences``.  The trap: a target that needs more frames than there are.  Its
probability is 0 and its loss infinite; two equal labels in a row need a blank between them.
"""

from collections.abc import Sequence
from functools import partial
from typing import Literal, get_args

import torch
from torch import Tensor
from torch.nn import functional

from lossedu.arguments.checks import check_choice
from lossedu.arguments.reduction import Reduction, accumulation_dtype, reduced
from lossedu.losses._alignments import Labelled, labelled
from lossedu.losses._fast.closed_form import attached, fast_path_applies, slopes_pay
from lossedu.losses._spec import LossSpec

Average = Literal["sequence", "label", "both"]

_NOTHING = -1e30  # the logarithm of a probability of 0, for sums that must not meet inf - inf


def ctc_loss(
    logits: Tensor,
    targets: Tensor,
    *,
    input_lengths: Tensor | Sequence[int] | None = None,
    target_lengths: Tensor | Sequence[int] | None = None,
    blank: int = 0,
    zero_infinity: bool = False,
    average: Average = "sequence",
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Charge the negative log-probability of a label sequence, over all ways to align it.

    .. math:: \ell = -\log \sum_{\pi \in B^{-1}(y)} \prod_{t=1}^{T} p_{t, \pi_t}, \qquad
        p_t = \mathrm{softmax}(z_t)

    A path :math:`\pi` gives every frame a label or the blank; B merges repeats, then drops blanks.

    Args:
        logits: Unbounded scores, shape ``(..., T, C)``: frames, then classes, the blank among
            them.  Leading dimensions are batch; torch's own loss has (T, N, C), which is
            ``logits.transpose(0, 1)``, and log-probabilities, which may be passed as they are.
        targets: Labels y, integers of shape ``(..., S)``, none of them the blank.
        input_lengths: How many frames of each sequence count, 0 to T, shape ``(...)``; None counts
            all.  The rest may hold anything.
        target_lengths: How many labels of each sequence count, 0 to S, shape ``(...)``; None counts
            all.
        blank: The class that stands for no label.
        zero_infinity: Whether a target that no path can spell costs 0 instead of inf.  Its gradient
            is 0 either way, and it counts in the mean.
        average: What ``"mean"`` divides by: ``"sequence"``, the number of sequences; ``"label"``,
            the number of labels in all of them; ``"both"``, each sequence by its own number of
            labels (at least 1) and the sum by the number of sequences, which is torch's mean.
        weight: How much each sequence counts, at least 0, shape ``(...)``; None counts all alike.
        mask: True where a sequence counts, shape ``(...)``; hidden ones may hold anything.
        reduction: ``"mean"`` (over the weight that counts, see ``average``), ``"sum"`` or
            ``"none"``.

    Returns:
        Nats, in [0, inf]: a scalar, or one value a sequence, shape ``(...)``.  Half precision comes
        back as float32; every other dtype is kept.

    Gradient:
        :math:`p_{tk} - q_{tk}`, with q the share of the paths' probability that passes through
        class k in frame t.

    Numerics:
        Torch's kernel, from logits in float32 or better; the recursion over prefixes in log space
        where more than one gradient in reverse is asked for.

    Special cases:
        As many frames as labels, no two in a row alike: the sum of cross-entropies.

    Raises:
        TypeError: If logits are not floating point, targets or lengths are not integers, or mask is
            not boolean.
        ValueError: If shapes do not fit, a length is longer than there is room, a label is the
            blank or no class (checked eagerly on the CPU), or an option is unknown.

    Example:
        >>> import torch
        >>> round(ctc_loss(torch.zeros(2, 2), torch.tensor([1])).item(), 6)
        0.287682

    References:
        A. Graves, S. Fernandez, F. Gomez, J. Schmidhuber, Connectionist temporal classification,
        ICML 2006.
    """
    check_choice("average", average, get_args(Average))
    known = labelled(logits, targets, input_lengths, target_lengths, blank, mask)
    if mask is not None:
        logits = torch.where(mask.unsqueeze(-1).unsqueeze(-1), logits, 0.0)
    values = _values(logits, known).reshape(logits.shape[:-2])
    if zero_infinity:
        values = torch.where(values.isposinf(), 0.0, values)
    labels = known.many.to(values.dtype).reshape(values.shape)
    if average == "both" and reduction == "mean":
        values = values / labels.clamp(min=1)
    return reduced(values, weight, mask, reduction, labels if average == "label" else None)


def _values(logits: Tensor, known: Labelled) -> Tensor:
    """One value a sequence, shape ``(N,)``; inf where no path spells its labels."""
    rows = logits.reshape(len(known.many), *logits.shape[-2:])
    plain = partial(_by_prefixes, known=known)
    if not fast_path_applies() or not rows.numel():
        return plain(rows)
    if not slopes_pay(rows):
        return _by_kernel(rows.detach(), known)
    with torch.enable_grad():
        leaf = rows.detach().requires_grad_()
        values = _by_kernel(leaf, known)
        (slope,) = torch.autograd.grad(values.sum(), leaf)
    unreachable = values.isposinf().reshape(-1, 1, 1)
    slope = torch.where(unreachable, 0.0, slope)
    if not slope.isfinite().all():  # a class that is ruled out, or NaN, of which it makes more
        return plain(rows)
    return attached(values.detach(), [slope], [rows], plain, [known.labels])


def _shown(rows: Tensor, known: Labelled) -> Tensor:
    """The logits in the dtype of the loss, with 0 in frames that do not count."""
    frame = torch.arange(rows.shape[1], device=rows.device)
    shown = (frame < known.frames.unsqueeze(-1)).unsqueeze(-1)
    return torch.where(shown, rows, 0.0).to(accumulation_dtype(rows))


def _by_kernel(rows: Tensor, known: Labelled) -> Tensor:
    scores = functional.log_softmax(_shown(rows, known), -1).transpose(0, 1)
    return functional.ctc_loss(
        scores, known.labels, known.frames, known.many, known.blank, reduction="none"
    )


def _by_prefixes(rows: Tensor, known: Labelled) -> Tensor:
    """The same, by the sum over prefixes of labels and blanks, frame after frame."""
    spelled = _with_blanks(known)
    scores = functional.log_softmax(_shown(rows, known), -1).clamp(min=_NOTHING)
    scores = scores.gather(-1, spelled.unsqueeze(1).expand(-1, rows.shape[1], -1))
    skips = _may_skip(spelled, known.blank)
    place = torch.arange(spelled.shape[-1], device=rows.device)
    prefix = torch.where(place == 0, 0.0, _NOTHING).to(scores.dtype).expand(spelled.shape)
    for t in range(rows.shape[1]):
        before = torch.stack([prefix, _moved(prefix, 1), _moved(prefix, 2) + skips])
        # In the first frame a path may begin with a blank or a label.
        after = torch.logsumexp(before[:2] if t == 0 else before, 0) + scores[:, t]
        prefix = torch.where((t < known.frames).unsqueeze(-1), after, prefix)
    ends = (2 * known.many).unsqueeze(-1)
    last = prefix.gather(-1, torch.cat([ends, (ends - 1).clamp(min=0)], -1))
    # Without labels there is one end, and without frames nothing but it.
    last = torch.where((ends > 0) | (torch.arange(2, device=rows.device) == 0), last, _NOTHING)
    total = torch.logsumexp(last, -1)
    return torch.where(total < _NOTHING / 2, torch.inf, -total)


def _with_blanks(known: Labelled) -> Tensor:
    """The labels with a blank before, between and after them, shape ``(N, 2 S + 1)``."""
    blanks = torch.full_like(known.labels, known.blank)
    pairs = torch.stack([blanks, known.labels], -1).flatten(1)
    return torch.cat([pairs, torch.full_like(known.many, known.blank).unsqueeze(-1)], -1)


def _may_skip(spelled: Tensor, blank: int) -> Tensor:
    """0 where a path may leave out the blank before a label: it is not the one before."""
    differs = (spelled != blank) & (spelled != spelled.roll(2, -1))
    return torch.where(differs, 0.0, _NOTHING)


def _moved(prefix: Tensor, places: int) -> Tensor:
    return functional.pad(prefix, (places, 0), value=_NOTHING)[:, : prefix.shape[-1]]


SPEC = LossSpec(
    function=ctc_loss,
    title="CTC loss",
    family="beyond",
    chapter="beyond/sequences",
    inputs="logit",
    unit="tuple",
    targets="class",
    axis="logit of the one label over the blank, in both of two frames",
    formula="-log(p**2 + 2*p*(1 - p))",
    link={"p": "sigmoid(z)"},
    domain="a sequence of labels, no longer than that of the frames",
    noise_model="categorical in each frame, with the alignment summed out",
    estimand="the probability of every label sequence",
    references=("graves2006",),
)
