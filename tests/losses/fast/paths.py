"""Every fast path, at a size at which its loss takes it."""

import torch

from lossedu import losses

GENERATOR = torch.Generator().manual_seed(0)


def drawn(*shape):
    return torch.randn(*shape, generator=GENERATOR, dtype=torch.float64)


OTHERS, CLASSES, GRADES = drawn(100, 5), torch.arange(700) % 100, torch.arange(140) * 7 % 4
SHARES, SHOWN = drawn(700, 100).softmax(-1), torch.arange(700) % 5 != 1
BY_CLASS = torch.arange(100).double() % 4  # some of them 0
EVENTS, KINDS = (drawn(140_000) > 0).double(), torch.arange(40) % 3
SURE = (SHARES > 0.01).double()
LEAD = 12.0 * (torch.arange(10) == CLASSES[:20, None] % 10)
PATHS = {
    "cross-entropy": (lambda z: losses.cross_entropy(z, CLASSES, reduction="none"), (700, 100)),
    "blocks of rows": (
        lambda z: losses.cross_entropy(z, CLASSES, mask=SHOWN, reduction="none"),
        (700, 100),
    ),
    "rows in one": (lambda z: losses.cross_entropy(z, CLASSES), (700, 100)),
    "few rows": (lambda z: losses.cross_entropy(z, CLASSES[:20] % 10), (20, 10)),
    "few that are sure": (
        lambda z: losses.cross_entropy(z + LEAD, CLASSES[:20] % 10, reduction="sum"),
        (20, 10),
    ),
    "smoothed": (
        lambda z: losses.cross_entropy(z, CLASSES, label_smoothing=0.1, reduction="none"),
        (700, 100),
    ),
    "weighted classes": (
        lambda z: losses.cross_entropy(
            z, CLASSES, class_weights=BY_CLASS, mask=SHOWN, reduction="none"
        ),
        (700, 100),
    ),
    "weighted and smoothed": (
        lambda z: losses.cross_entropy(
            z, CLASSES, class_weights=BY_CLASS, label_smoothing=0.1, reduction="none"
        ),
        (700, 100),
    ),
    "weighted shares": (
        lambda z: losses.cross_entropy(z, SHARES, class_weights=BY_CLASS, reduction="none"),
        (700, 100),
    ),
    "classes first": (
        lambda z: losses.cross_entropy(z, CLASSES, axis=0, reduction="none"),
        (100, 700),
    ),
    "shares": (lambda z: losses.cross_entropy(z, SHARES, reduction="none"), (700, 100)),
    "few shares": (lambda z: losses.cross_entropy(z, SHARES[:20, :10] * 0 + 0.1), (20, 10)),
    "divergence": (lambda z: losses.kl_divergence(z, SHARES, reduction="none"), (700, 100)),
    "first choice": (lambda z: losses.listnet_loss(z, SHARES[:50], reduction="none"), (50, 100)),
    "any order": (
        lambda z: losses.listmle_loss(z, GRADES[:30].view(3, 10), ties="exact", reduction="none"),
        (3, 10),
    ),
    "certain events": (
        lambda z: losses.binary_cross_entropy_with_logits(z, SURE, reduction="none"),
        (700, 100),
    ),
    "certain events in one": (
        lambda z: losses.binary_cross_entropy_with_logits(z, SURE),
        (700, 100),
    ),
    "few events": (lambda z: losses.binary_cross_entropy_with_logits(z, SURE[:5]), (5, 100)),
    "events in doubt": (
        lambda z: losses.binary_cross_entropy_with_logits(z, SURE, label_smoothing=0.1),
        (700, 100),
    ),
    "events": (lambda z: losses.binary_cross_entropy_with_logits(z, SHARES), (700, 100)),
    "regions": (
        lambda z: losses.dice_loss(z, SURE.view(7, 100, 100), dim=(0, -1), reduction="none"),
        (7, 100, 100),
    ),
    "log-cosh": (lambda z: losses.log_cosh_loss(z, SHARES), (700, 100)),
    "few of log-cosh": (lambda z: losses.log_cosh_loss(z, SHARES[:5]), (5, 100)),
    "focal": (lambda z: losses.sigmoid_focal_loss(z, EVENTS), (140_000,)),
    "info-nce": (lambda z: losses.info_nce_loss(z, OTHERS, reduction="none"), (100, 5)),
    "nt-xent": (lambda z: losses.nt_xent_loss(z, OTHERS, reduction="none"), (100, 5)),
    "supervised": (
        # In float64, as beside OTHERS: backward inside of autocast rounds what multiplies matrices.
        lambda z: losses.supervised_contrastive_loss(
            z.double(), torch.arange(100) % 7, reduction="none"
        ),
        (100, 5),
    ),
    "squared-hinge": (lambda z: losses.pairwise_hinge_loss(z, GRADES, power=2), (140,)),
    "hinge": (lambda z: losses.pairwise_hinge_loss(z, GRADES), (140,)),
    "logistic": (lambda z: losses.pairwise_logistic_loss(z, GRADES), (140,)),
    "expansion": (lambda z: losses.pairwise_logistic_loss(z, GRADES, tolerance=1e-9), (140,)),
    "lambdarank": (lambda z: losses.lambdarank_loss(z, GRADES), (140,)),
    "lambdarank-top": (lambda z: losses.lambdarank_loss(z, GRADES, k=5), (140,)),
    "lambda-all": (
        lambda z: losses.lambdarank_loss(z, GRADES, weighting="ndcg_loss1"),
        (140,),
    ),
    "lambda-apart": (
        lambda z: losses.lambdarank_loss(z, GRADES, weighting="ndcg_loss2pp"),
        (140,),
    ),
    "lambda-apart-top": (
        lambda z: losses.lambdarank_loss(z, GRADES, weighting="ndcg_loss2", k=5),
        (140,),
    ),
    "approx-ndcg": (lambda z: losses.approx_ndcg_loss(z, GRADES, temperature=1.0), (140,)),
    "soft triplets": (
        lambda z: losses.batch_triplet_loss(z, KINDS, margin="soft"),
        (40, 3),
    ),
    "triplets": (lambda z: losses.batch_triplet_loss(z, KINDS), (40, 3)),
    "hardest": (lambda z: losses.batch_triplet_loss(z, KINDS, kind="batch_hard"), (40, 3)),
}
