# %% focal-binary
def binary_cross_entropy(logits, targets):
    z, y = logits.double(), targets.double()
    return (torch.logaddexp(torch.zeros_like(z), z) - y * z).to(logits.dtype)

# %% focal-loss
def focal_loss(logits, targets, gamma, alpha=None):
    z, y = logits.double(), targets.double()
    zero = torch.zeros_like(z)
    if_one, if_zero = torch.logaddexp(zero, -z), torch.logaddexp(zero, z)
    a, b = (1.0, 1.0) if alpha is None else (alpha, 1 - alpha)
    both = a * y * torch.exp(-gamma * if_zero) * if_one + b * (1 - y) * torch.exp(-gamma * if_one) * if_zero
    return both.to(logits.dtype)

# %% focal-slope
def focal_loss_grad(logits, targets, gamma, alpha=None):
    z = logits.detach().double().requires_grad_()
    with torch.enable_grad():
        (slope,) = torch.autograd.grad(focal_loss(z, targets.double(), gamma, alpha).sum(), z)
    return slope.to(logits.dtype)

# %% focal-classes
def multiclass_focal_loss(logits, targets, gamma, alpha=None):
    log_p_t = -F.cross_entropy(logits.double(), targets, reduction="none")
    values = -(-torch.expm1(log_p_t)) ** gamma * log_p_t
    return (values if alpha is None else values * alpha.double()[targets]).to(logits.dtype)

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
