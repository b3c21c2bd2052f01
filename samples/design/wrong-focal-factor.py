# %% design-loss
def severity_loss(logits, targets, severity):
    z = torch.where(targets == 1, -logits, logits)
    return torch.where(targets == 1, 20.0, 1.0) * severity * torch.sigmoid(z) ** 2 * F.softplus(z)

# %% design-correction
def corrected_probability(logits):
    return torch.sigmoid(logits) / 20

# %% design-brief
BRIEF = "stock"

# %% design-stock
def stock_loss(orders, demand, short_cost, left_cost):
    gap = demand - orders
    return left_cost * gap.relu() + short_cost * (-gap).relu()


def best_order(demand, short_cost, left_cost):
    return demand.mean()
