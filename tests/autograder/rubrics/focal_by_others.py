"""Known mistakes of the focal assignment, written otherwise than in its bank."""

# The same mistakes as students write them, not as the bank does: name -> (function, body).
BY_OTHERS = {
    "bce-mean": "def binary_cross_entropy(z, y):\n    return F.softplus(z).mean() - (y * z).mean()",
    "bce-sum": "def binary_cross_entropy(z, y):\n    return (F.softplus(z) - y * z).sum()",
    "bce-sign": "def binary_cross_entropy(z, y):\n    return y * z - F.softplus(z)",
    "bce-positives-only": "def binary_cross_entropy(z, y):\n    return y * F.softplus(-z)",
    "bce-p-for-p-t": "def binary_cross_entropy(z, y):\n    return F.softplus(-z) + 0 * y",
    "bce-flipped": "def binary_cross_entropy(z, y):\n    return F.softplus(z) - (1 - y) * z",
    "bce-base-two": (
        "def binary_cross_entropy(z, y):\n"
        "    p = torch.sigmoid(z)\n"
        "    return torch.where(y == 1, -torch.log2(p), -torch.log2(1 - p))"
    ),
    "bce-sigmoid-twice": (
        "def binary_cross_entropy(z, y):\n"
        "    p = z.sigmoid()\n"
        "    return -(y * F.logsigmoid(p) + (1 - y) * F.logsigmoid(-p))"
    ),
    "bce-squared": "def binary_cross_entropy(z, y):\n    return (z.sigmoid() - y).square()",
    "bce-no-log": "def binary_cross_entropy(z, y):\n    return (z.sigmoid() - y).abs()",
    "bce-log-of-rounded": (
        "def binary_cross_entropy(z, y):\n"
        "    p = 1 / (1 + torch.exp(-z))\n"
        "    return -(y * p.log() + (1 - y) * (1 - p).log())"
    ),
    "bce-floor-under-probability": (
        "def binary_cross_entropy(z, y):\n"
        "    p = torch.sigmoid(z).clamp(1e-7, 1 - 1e-7)\n"
        "    return -(y * p.log() + (1 - y) * (1 - p).log())"
    ),
    "focal-no-factor": "def focal_loss(z, y, g, a):\n    return W(y, a) * B(z, y)",
    "focal-gamma-fixed": (
        "def focal_loss(z, y, g, a):\n"
        "    return W(y, a) * (1 - torch.exp(-B(z, y))).square() * B(z, y)"
    ),
    "focal-p-for-p-t": (
        "def focal_loss(z, y, g, a):\n    return W(y, a) * torch.pow(1 - z.sigmoid(), g) * B(z, y)"
    ),
    "focal-factor-of-truth": (
        "def focal_loss(z, y, g, a):\n    return W(y, a) * torch.exp(-g * B(z, y)) * B(z, y)"
    ),
    "focal-gamma-multiplied": (
        "def focal_loss(z, y, g, a):\n"
        "    return W(y, a) * ((1 - torch.exp(-B(z, y))) * g) * B(z, y)"
    ),
    "focal-detached": (
        "def focal_loss(z, y, g, a):\n"
        "    with torch.no_grad():\n"
        "        weight = W(y, a) * torch.exp(-g * B(z, 1 - y))\n"
        "    return weight * B(z, y)"
    ),
    "focal-factor-of-mean": (
        "def focal_loss(z, y, g, a):\n"
        "    pt = torch.exp(-B(z, y).mean())\n"
        "    return W(y, a) * (1 - pt) ** g * B(z, y)"
    ),
    "focal-mean": "def focal_loss(z, y, g, a):\n    return FOCAL(z, y, g, a).mean()",
    "focal-divided-by-positives": (
        "def focal_loss(z, y, g, a):\n    return FOCAL(z, y, g, a) / max(1, (y == 1).sum().item())"
    ),
    "focal-positives-only": "def focal_loss(z, y, g, a):\n    return y * FOCAL(z, y, g, a)",
    "focal-flipped": "def focal_loss(z, y, g, a):\n    return FOCAL(z, (y == 0).to(z), g, a)",
    "focal-alpha-ignored": "def focal_loss(z, y, g, a):\n    return FOCAL(z, y, g, None)",
    "focal-alpha-for-all": (
        "def focal_loss(z, y, g, a):\n    return FOCAL(z, y, g, None) * (1 if a is None else a)"
    ),
    "focal-alpha-swapped": (
        "def focal_loss(z, y, g, a):\n    return FOCAL(z, y, g, None if a is None else 1 - a)"
    ),
    "focal-alpha-for-positives-only": (
        "def focal_loss(z, y, g, a):\n"
        "    return FOCAL(z, y, g, None) * (1 if a is None else torch.where(y == 1, a, 1.0))"
    ),
    "focal-none-is-a-quarter": (
        "def focal_loss(z, y, g, a):\n    return FOCAL(z, y, g, 0.25 if a is None else a)"
    ),
    "focal-power-of-rounded": (
        "def focal_loss(z, y, g, a):\n    return W(y, a) * (1 - torch.exp(-B(z, y))) ** g * B(z, y)"
    ),
    "grad-same-sign-for-negatives": (
        "def focal_loss_grad(z, y, g, a):\n    return (2 * y - 1) * GRAD(z, y, g, a)"
    ),
    "grad-opposite": "def focal_loss_grad(z, y, g, a):\n    return 0 - GRAD(z, y, g, a)",
    "grad-lost-factor": (
        "def focal_loss_grad(z, y, g, a):\n"
        "    p = z.sigmoid()\n"
        "    return W(y, a) * (p - y) * (p - y).abs() ** g"
    ),
    "grad-cross-entropy": (
        "def focal_loss_grad(z, y, g, a):\n    return W(y, a) * (z.sigmoid() - y)"
    ),
    "grad-by-probability": (
        "def focal_loss_grad(z, y, g, a):\n"
        "    p = z.sigmoid()\n"
        "    return GRAD(z, y, g, a) / p / (1 - p)"
    ),
    "grad-alpha-ignored": ("def focal_loss_grad(z, y, g, a):\n    return GRAD(z, y, g, None)"),
    "grad-mean": "def focal_loss_grad(z, y, g, a):\n    return GRAD(z, y, g, a) / z.numel()",
    "multiclass-softmax-over-examples": (
        "def multiclass_focal_loss(z, t, g, a):\n    return CLASSES(z - z.logsumexp(0), t, g, a, 0)"
    ),
    "multiclass-factor-of-truth": (
        "def multiclass_focal_loss(z, t, g, a):\n"
        "    ce = F.cross_entropy(z, t, reduction='none')\n"
        "    return (1 if a is None else a[t]) * torch.exp(-ce) ** g * ce"
    ),
    "multiclass-no-factor": (
        "def multiclass_focal_loss(z, t, g, a):\n"
        "    return F.cross_entropy(z, t, weight=a, reduction='none')"
    ),
    "multiclass-alpha-ignored": (
        "def multiclass_focal_loss(z, t, g, a):\n    return CLASSES(z, t, g, None)"
    ),
    "multiclass-sum": (
        "def multiclass_focal_loss(z, t, g, a):\n    return CLASSES(z, t, g, a).sum()"
    ),
    "multiclass-detached": (
        "def multiclass_focal_loss(z, t, g, a):\n"
        "    ce = F.cross_entropy(z, t, weight=a, reduction='none')\n"
        "    return (1 - torch.softmax(z, 1).gather(1, t[:, None])[:, 0].data) ** g * ce"
    ),
    "multiclass-log-of-rounded": (
        "def multiclass_focal_loss(z, t, g, a):\n"
        "    p = z.softmax(1)[range(len(t)), t]\n"
        "    return (1 if a is None else a[t]) * (1 - p) ** g * -p.log()"
    ),
}
# What the bodies above may use: right pieces under short names.
PIECES = """
def B(z, y):
    return F.softplus(torch.where(y == 1, -z, z))

def W(y, a):
    return torch.ones_like(y) if a is None else torch.where(y == 1, a, 1 - a).to(y.dtype)

FOCAL, GRAD = focal_loss, focal_loss_grad

def CLASSES(z, t, g, a, dim=1):
    log_p = (z if dim == 0 else z.log_softmax(1)).gather(1, t[:, None])[:, 0]
    return -(1 if a is None else a[t]) * (1 - log_p.exp()) ** g * log_p
"""
