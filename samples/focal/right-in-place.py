# %% focal-binary
def binary_cross_entropy(logits, targets):
    signed = targets.clone().mul_(-2).add_(1).mul(logits)
    return F.softplus(signed)

# %% focal-loss
def focal_loss(logits, targets, gamma, alpha):
    values = torch.empty_like(logits)
    for label in (0, 1):
        chosen = targets == label
        z = logits[chosen] if label else -logits[chosen]
        scale = 1 if alpha is None else (alpha if label else 1 - alpha)
        part = F.logsigmoid(-z)
        part = part.mul(gamma).exp_().mul(F.softplus(-z))
        values[chosen] = part.mul_(scale)
    return values

# %% focal-slope
def focal_loss_grad(logits, targets, gamma, alpha):
    sign = targets.clone()
    sign *= 2
    sign -= 1
    z = logits.clone()
    z *= sign
    slope = torch.sigmoid(z) * F.logsigmoid(z)
    slope *= gamma
    slope -= torch.sigmoid(-z)
    slope *= torch.sigmoid(-z) ** gamma
    slope *= sign
    if alpha is not None:
        slope[targets == 1] *= alpha
        slope[targets == 0] *= 1 - alpha
    return slope

# %% focal-classes
def multiclass_focal_loss(logits, targets, gamma, alpha):
    log_p = logits.log_softmax(1)
    log_p_t = torch.take_along_dim(log_p, targets[:, None], 1)[:, 0]
    values = log_p_t.neg().mul(log_p_t.exp().neg().add(1).pow(gamma))
    if alpha is not None:
        values = values.mul_(alpha.index_select(0, targets))
    return values

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
