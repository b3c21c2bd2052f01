# %% focal-binary
def binary_cross_entropy(logits, targets):
    return F.softplus(torch.where(targets == 1, -logits, logits))

# %% focal-loss
def focal_loss(logits, targets, gamma, alpha):
    p = torch.sigmoid(logits)
    values = (1 - p) ** gamma * binary_cross_entropy(logits, targets)
    if alpha is not None:
        values = values * (targets * alpha + (1 - targets) * (1 - alpha))
    return values

# %% focal-slope
def focal_loss_grad(logits, targets, gamma, alpha):
    signed = torch.where(targets == 1, logits, -logits)
    p_t, rest = torch.sigmoid(signed), torch.sigmoid(-signed)
    slope = rest**gamma * (gamma * p_t * F.logsigmoid(signed) - rest)
    slope = torch.where(targets == 1, slope, -slope)
    if alpha is not None:
        slope = slope * (alpha * targets + (1 - alpha) * (1 - targets))
    return slope

# %% focal-classes
def multiclass_focal_loss(logits, targets, gamma, alpha):
    log_p_t = torch.log_softmax(logits, -1)[torch.arange(len(targets)), targets]
    weights = 1 if alpha is None else alpha[targets]
    return -weights * (1 - log_p_t.exp()) ** gamma * log_p_t

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
