# %% design-loss
def severity_loss(logits, targets, severity):
    # Severity squashed to a factor between 1 and 3, smooth, and the same for both targets.
    factor = 1 + 2 * ((severity - 1) / 9) ** 2
    ahead = torch.stack([torch.zeros_like(logits), logits], -1)
    log_p = torch.log_softmax(ahead, -1)
    return factor * (-(1 - targets) * log_p[:, 0] - 20 * targets * log_p[:, 1])

# %% design-correction
def corrected_probability(logits):
    return torch.special.expit(logits - torch.log(torch.tensor(20.0)))

# %% design-fit
def fitted(measured, targets, severity):
    w = torch.zeros(5)
    x = F.pad(measured, (0, 1), value=1.0)
    slope = torch.func.grad(lambda w: severity_loss(x @ w, targets, severity).mean())
    for _ in range(600):
        w = w - 0.3 * slope(w)
    return w

# %% design-brief
BRIEF = "stock"

# %% design-stock
def stock_loss(orders, demand, short_cost, left_cost):
    gap = demand - orders
    return torch.where(gap > 0, short_cost, -left_cost) * gap


def best_order(demand, short_cost, left_cost):
    ordered = sorted(demand.tolist())
    return ordered[math.ceil(short_cost / (short_cost + left_cost) * len(ordered)) - 1]
