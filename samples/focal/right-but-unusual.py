# %% focal-binary
def log_probability(logits, targets):
    signed = logits * (2 * targets - 1)
    return torch.minimum(signed, torch.zeros_like(signed)) - torch.log1p(torch.exp(-signed.abs()))


def binary_cross_entropy(logits, targets):
    return -log_probability(logits, targets)

# %% focal-loss
class Focal(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits, targets, gamma):
        ctx.save_for_backward(logits, targets)
        ctx.gamma = gamma
        rest = log_probability(logits.double(), 1 - targets.double())
        truth = log_probability(logits.double(), targets.double())
        return (-torch.exp(gamma * rest) * truth).to(logits.dtype)

    @staticmethod
    def backward(ctx, grad):
        logits, targets = ctx.saved_tensors
        return grad * slope(logits, targets, ctx.gamma), None, None


def slope(logits, targets, gamma):
    z, y = logits.double(), targets.double()
    truth, rest = log_probability(z, y), log_probability(z, 1 - y)
    first = gamma * truth * (truth + gamma * rest).exp()
    return ((2 * y - 1) * (first - ((gamma + 1) * rest).exp())).to(logits.dtype)


def weights(targets, alpha):
    listed = [1.0 if alpha is None else (alpha if y == 1 else 1 - alpha) for y in targets.flatten().tolist()]
    return torch.tensor(listed, dtype=targets.dtype).reshape(targets.shape)


def focal_loss(logits, targets, gamma, alpha):
    return weights(targets, alpha) * Focal.apply(logits, targets, gamma)

# %% focal-slope
def focal_loss_grad(logits, targets, gamma, alpha):
    return weights(targets, alpha) * slope(logits, targets, gamma)

# %% focal-classes
def multiclass_focal_loss(logits, targets, gamma, alpha):
    values = []
    for row, t in zip(logits, targets.tolist()):
        log_p_t = row[t] - torch.logsumexp(row, 0)
        scale = 1.0 if alpha is None else alpha[t]
        values.append(-scale * (1 - log_p_t.exp()) ** gamma * log_p_t)
    return torch.stack(values)

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
