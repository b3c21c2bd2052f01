# %% focal-binary
def surprises(logits):
    return torch.stack([F.softplus(logits), F.softplus(-logits)], -1)


def of_truth(both, targets):
    return torch.einsum("...k,...k->...", both, torch.stack([1 - targets, targets], -1).to(both.dtype))


def binary_cross_entropy(logits, targets):
    return of_truth(surprises(logits), targets)

# %% focal-loss
def focal_loss(logits, targets, gamma, alpha):
    both = surprises(logits)
    values = torch.exp(-gamma * both.flip(-1)) * both
    if alpha is not None:
        values = torch.einsum("...k,k->...k", values, torch.tensor([1 - alpha, alpha], dtype=values.dtype))
    return of_truth(values, targets)

# %% focal-slope
def focal_loss_grad(logits, targets, gamma, alpha):
    both = surprises(logits)
    rest, truth = torch.exp(-both.flip(-1)), torch.exp(-both)
    slopes = torch.exp(-gamma * both.flip(-1)) * (-gamma * truth * both - rest)
    signed = torch.tensor([-1.0, 1.0] if alpha is None else [alpha - 1, alpha], dtype=slopes.dtype)
    return of_truth(slopes * signed, targets)

# %% focal-classes
def multiclass_focal_loss(logits, targets, gamma, alpha):
    hot = F.one_hot(targets, logits.shape[1]).to(logits.dtype)
    centred = logits - logits.amax(1, keepdim=True).detach()
    log_p_t = torch.einsum("nc,nc->n", hot, centred) - centred.exp().sum(1).log()
    scale = 1.0 if alpha is None else torch.einsum("nc,c->n", hot, alpha.to(hot.dtype))
    return -scale * torch.pow(1 - log_p_t.exp(), gamma) * log_p_t

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
