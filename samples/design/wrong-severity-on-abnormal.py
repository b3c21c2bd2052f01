# %% design-loss
def severity_loss(logits, targets, severity):
    weight = torch.where(targets == 1, 20 * (1 + severity / 10), torch.ones_like(severity))
    return weight * F.softplus(torch.where(targets == 1, -logits, logits))

# %% design-correction
def corrected_probability(logits):
    return torch.sigmoid(logits / math.log(20))

# %% design-fit
def fitted(measured, targets, severity):
    weights = torch.zeros(5, requires_grad=True)
    optimiser = torch.optim.Adam([weights], lr=0.05)
    for _ in range(300):
        optimiser.zero_grad()
        severity_loss(measured @ weights[:4] + weights[4], targets, severity).mean().backward()
        optimiser.step()
    return weights.detach()
