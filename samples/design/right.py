# %% design-loss
def severity_loss(logits, targets, severity):
    weight = torch.where(targets == 1, 20.0, 1.0) * (1 + severity / 10)
    return weight * F.binary_cross_entropy_with_logits(logits, targets, reduction="none")

# %% design-correction
def corrected_probability(logits):
    return torch.sigmoid(logits - math.log(20))

# %% design-fit
def fitted(measured, targets, severity):
    weights = torch.zeros(5, requires_grad=True)
    optimiser = torch.optim.Adam([weights], lr=0.05)
    for _ in range(400):
        optimiser.zero_grad()
        severity_loss(measured @ weights[:4] + weights[4], targets, severity).mean().backward()
        optimiser.step()
    return weights.detach()

# %% design-brief
BRIEF = "labels"

# %% design-labels
def observed_loss(logits, labels, observed):
    if not observed.any():
        return 0 * logits.sum()
    return F.binary_cross_entropy_with_logits(logits[observed], labels[observed])


def unbiased_loss(logits, labels, observed, propensity):
    charge = F.binary_cross_entropy_with_logits(logits[observed], labels[observed], reduction="none")
    return (charge / propensity[observed]).sum() / observed.numel()

# %% design-memo
We charge a miss 20 times what we charge a false alarm, at every severity, and more for both the more severe a case is.
Severity weighs both targets: on abnormal cases alone it would lift some logits more than others, and one correction could not take that back.
