# %% focal-truth
def probability_of_truth(logits, targets):
    p = torch.sigmoid(logits)
    return torch.where(targets == 1, p, 1 - p)


def log_probability_of_truth(logits, targets):
    signed = torch.where(targets == 1, logits, -logits)
    return -F.softplus(-signed)

# %% focal-loss
def focal_loss(logits, targets, gamma=2.0, alpha=None):
    log_p_t = log_probability_of_truth(logits, targets)
    log_rest = log_probability_of_truth(logits, 1 - targets)
    values = -torch.exp(gamma * log_rest) * log_p_t
    if alpha is not None:
        values = values * torch.where(targets == 1, alpha, 1 - alpha)
    return values.sum()

# %% focal-gradient
def focal_gradient(logits, targets, gamma=2.0):
    p_t = probability_of_truth(logits, targets)
    log_p_t = log_probability_of_truth(logits, targets)
    slope = (1 - p_t) ** gamma * -(1 - p_t)
    return torch.where(targets == 1, slope, -slope)

# %% focal-classes
def softmax_focal_loss(logits, targets, gamma=2.0):
    log_p = F.log_softmax(logits, dim=-1)
    log_p_t = log_p[torch.arange(len(targets)), targets]
    return (-(1 - log_p_t.exp()) ** gamma * log_p_t).mean()

# %% focal-answer
def best_answer(eta, gamma):
    z = torch.linspace(-9, 9, 50_001, dtype=torch.float64)
    p = torch.sigmoid(z)
    cost = -eta * (1 - p) ** gamma * p.log() - (1 - eta) * p**gamma * (1 - p).log()
    return p[cost.argmin()].item()
