# %% focal-binary
from functools import partial


def binary_cross_entropy(logits, targets):
    return torch.logsumexp(torch.stack([torch.zeros_like(logits), logits]), 0) - targets * logits

# %% focal-loss
def one_focal_loss(z, y, gamma):
    signed = z * (2 * y - 1)
    return -torch.exp(gamma * F.logsigmoid(-signed)) * F.logsigmoid(signed)


def focal_loss(logits, targets, gamma, alpha):
    shape = logits.shape
    if 0 in shape:
        return logits.clone()
    values = torch.func.vmap(partial(one_focal_loss, gamma=gamma))(logits.flatten(), targets.flatten())
    scale = 1 if alpha is None else targets * alpha + (1 - targets) * (1 - alpha)
    return scale * values.reshape(shape)

# %% focal-slope
def focal_loss_grad(logits, targets, gamma, alpha):
    slope = torch.func.vmap(torch.func.grad(partial(one_focal_loss, gamma=gamma)))
    scale = 1 if alpha is None else targets * alpha + (1 - targets) * (1 - alpha)
    return scale * slope(logits.flatten(), targets.flatten()).reshape(logits.shape)

# %% focal-classes
def multiclass_focal_loss(logits, targets, gamma, alpha):
    def one(row, t, weight):
        log_p = (row.log_softmax(0) * F.one_hot(t, row.numel())).sum()
        return -weight * (1 - log_p.exp()) ** gamma * log_p

    weights = torch.ones(len(targets)) if alpha is None else alpha[targets]
    hot = F.one_hot(targets, logits.shape[1])
    log_p = torch.func.vmap(lambda row, h: torch.dot(row.log_softmax(0), h.to(row.dtype)))(logits, hot)
    return -weights.to(logits.dtype) * (1 - log_p.exp()) ** gamma * log_p

# %% focal-detector
def detector(features, labels, new_features, gamma=2.0, alpha=None):
    model = torch.nn.Linear(6, 1)
    torch.nn.init.zeros_(model.weight)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.1)
    for step in range(200):
        loss = focal_loss(model(features).squeeze(-1), labels, gamma, alpha).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        return model(new_features).squeeze(-1)

# %% focal-platt
def calibrated(logits, labels, new_logits):
    slope = torch.ones((), dtype=logits.dtype, requires_grad=True)
    shift = torch.zeros((), dtype=logits.dtype, requires_grad=True)
    optimiser = torch.optim.LBFGS([slope, shift], max_iter=60)

    def closure():
        optimiser.zero_grad()
        loss = binary_cross_entropy(slope * logits + shift, labels).mean()
        loss.backward()
        return loss

    optimiser.step(closure)
    return torch.sigmoid(slope * new_logits + shift).detach()
