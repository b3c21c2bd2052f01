# %% design-loss
def severity_loss(logits, targets, severity):
    both = torch.stack([F.logsigmoid(-logits), F.logsigmoid(logits)])
    price = torch.tensor([1.0, 20.0]).view(2, 1) * torch.stack([1 - targets, targets])
    return -torch.einsum("tn,tn,n->n", both, price, torch.log(severity + 1.5))

# %% design-correction
def corrected_probability(logits):
    return torch.softmax(torch.stack([logits, torch.full_like(logits, math.log(20))]), 0)[0]

# %% design-fit
def fitted(measured, targets, severity):
    weights = torch.zeros(5, requires_grad=True)
    optimiser = torch.optim.Rprop([weights], lr=0.1)
    for _ in range(80):
        optimiser.zero_grad()
        z = torch.einsum("nd,d->n", measured, weights[:4]) + weights[4]
        severity_loss(z, targets, severity).mean().backward()
        optimiser.step()
    return weights.detach()

# %% design-brief
BRIEF = "labels"

# %% design-labels
def observed_loss(logits, labels, observed):
    weight = observed.to(logits.dtype)
    charge = F.softplus(logits) - torch.nan_to_num(labels, nan=0.0) * logits
    return torch.einsum("nl,nl->", weight, charge) / max(weight.sum().item(), 1.0)


def unbiased_loss(logits, labels, observed, propensity):
    total = 0.0
    for z, y, seen, p in zip(logits.flatten(), labels.flatten(), observed.flatten(), propensity.flatten()):
        if seen:
            total = total + F.softplus(-z if y == 1 else z) / p
    return total / logits.numel()
