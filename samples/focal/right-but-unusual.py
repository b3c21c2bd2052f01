# %% focal-truth
def probability_of_truth(logits, targets):
    return log_probability_of_truth(logits.double(), targets.double()).exp().to(logits.dtype)


def log_probability_of_truth(logits, targets):
    signed = logits * (2 * targets - 1)
    return torch.minimum(signed, torch.zeros_like(signed)) - torch.log1p(torch.exp(-signed.abs()))

# %% focal-loss
class Focal(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits, targets, gamma):
        ctx.save_for_backward(logits, targets)
        ctx.gamma = gamma
        rest = log_probability_of_truth(logits.double(), 1 - targets.double())
        log_p_t = log_probability_of_truth(logits.double(), targets.double())
        return (-torch.exp(gamma * rest) * log_p_t).to(logits.dtype)

    @staticmethod
    def backward(ctx, grad):
        logits, targets = ctx.saved_tensors
        s = 2 * targets - 1
        log_p_t = log_probability_of_truth(logits, targets)
        log_rest = log_probability_of_truth(logits, 1 - targets)
        first = ctx.gamma * log_p_t * (log_p_t + ctx.gamma * log_rest).exp()
        return grad * s * (first - ((ctx.gamma + 1) * log_rest).exp()), None, None


def focal_loss(logits, targets, gamma=2.0, alpha=None):
    values = Focal.apply(logits, targets, gamma)
    balance = [1.0 if alpha is None else (alpha if y == 1 else 1 - alpha) for y in targets.flatten().tolist()]
    return torch.einsum("i,i->", torch.tensor(balance, dtype=values.dtype), values.flatten()) / values.numel()

# %% focal-gradient
def focal_gradient(logits, targets, gamma=2.0):
    s = 2 * targets - 1
    log_p_t = log_probability_of_truth(logits, targets)
    log_rest = log_probability_of_truth(logits, 1 - targets)
    return s * (gamma * log_p_t * (log_p_t + gamma * log_rest).exp() - ((gamma + 1) * log_rest).exp())

# %% focal-classes
def softmax_focal_loss(logits, targets, gamma=2.0):
    total = 0.0
    for row, t in zip(logits, targets.tolist()):
        log_p_t = row[t] - torch.logsumexp(row, 0)
        total = total + -((-torch.expm1(log_p_t)) ** gamma) * log_p_t
    return total / len(targets)

# %% focal-answer
def best_answer(eta, gamma):
    low, high = 1e-6, 1 - 1e-6
    golden = (math.sqrt(5) - 1) / 2
    cost = lambda p: -eta * (1 - p) ** gamma * math.log(p) - (1 - eta) * p**gamma * math.log(1 - p)
    while high - low > 1e-6:
        a, b = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, b) if cost(a) < cost(b) else (a, high)
    return (low + high) / 2
