# %% design-loss
class Charge(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits, targets, severity):
        z = torch.where(targets == 1, -logits, logits).double()
        weight = (1 + 19 * targets) * severity.sqrt()
        ctx.save_for_backward((weight * (1 - 2 * targets) * torch.sigmoid(z)).to(logits.dtype))
        return (weight * torch.logaddexp(z, torch.zeros_like(z))).to(logits.dtype)

    @staticmethod
    def backward(ctx, grad):
        return grad * ctx.saved_tensors[0], None, None


def severity_loss(logits, targets, severity):
    return Charge.apply(logits, targets, severity)

# %% design-correction
def corrected_probability(logits):
    p = torch.sigmoid(logits.double())
    return (p / (p + 20 * (1 - p))).to(logits.dtype)

# %% design-fit
def fitted(measured, targets, severity):
    x = torch.cat([measured, torch.ones(len(measured), 1)], 1).double()
    w = torch.zeros(5, dtype=torch.float64)
    weight = torch.where(targets == 1, 20.0, 1.0) * severity
    for _ in range(25):  # Newton's method
        p = torch.sigmoid(x @ w)
        slope = x.T @ (weight * (p - targets))
        curvature = (x * (weight * p * (1 - p)).unsqueeze(1)).T @ x
        w = w - torch.linalg.solve(curvature, slope)
    return w.float()

# %% design-brief
BRIEF = "stock"

# %% design-stock
def stock_loss(orders, demand, short_cost, left_cost):
    return torch.maximum(short_cost * (demand - orders), left_cost * (orders - demand))


def best_order(demand, short_cost, left_cost):
    costs = torch.stack([stock_loss(order, demand, short_cost, left_cost).mean() for order in demand])
    return demand[costs.argmin()]
