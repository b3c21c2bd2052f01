# %% focal-binary
def each(function, logits, targets):
    values = [function(z, y) for z, y in zip(logits.flatten(), targets.flatten().tolist())]
    return torch.stack(values).reshape(logits.shape) if values else logits.clone()


def binary_cross_entropy(logits, targets):
    return each(lambda z, y: F.softplus(-z) if y == 1 else F.softplus(z), logits, targets)

# %% focal-loss
def focal_loss(logits, targets, gamma, alpha):
    def one(z, y):
        towards = z if y == 1 else -z
        weight = 1 if alpha is None else alpha if y == 1 else 1 - alpha
        return weight * torch.exp(gamma * F.logsigmoid(-towards)) * F.softplus(-towards)

    return each(one, logits, targets)

# %% focal-slope
def focal_loss_grad(logits, targets, gamma, alpha):
    def one(z, y):
        sign = 1 if y == 1 else -1
        weight = 1 if alpha is None else alpha if y == 1 else 1 - alpha
        p, q = torch.sigmoid(sign * z), torch.sigmoid(-sign * z)
        return sign * weight * q**gamma * (gamma * p * F.logsigmoid(sign * z) - q)

    return each(one, logits, targets)

# %% focal-classes
def multiclass_focal_loss(logits, targets, gamma, alpha):
    def one(row, t):
        log_p = F.log_softmax(row, 0)[t]
        return -(1 if alpha is None else alpha[t]) * (1 - log_p.exp()) ** gamma * log_p

    return torch.stack([one(row, t) for row, t in zip(logits, targets)])

# %% focal-detector
def detector(features, labels, new_features, gamma=2.0, alpha=None):
    rare, common = (labels == 1).nonzero()[:, 0], (labels == 0).nonzero()[:, 0]
    w = torch.zeros(7, requires_grad=True)
    for step in range(30):
        some = torch.cat([rare, common[step * 300 : (step + 1) * 300]])
        loss = focal_loss(features[some] @ w[:6] + w[6], labels[some], gamma, alpha).mean()
        (slope,) = torch.autograd.grad(loss, w)
        w = (w - 4 * slope).detach().requires_grad_()
    return (new_features @ w[:6] + w[6]).detach()

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
