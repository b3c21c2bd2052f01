# %% design-loss
def severity_loss(logits, targets, severity):
    p = torch.sigmoid(logits).clamp(1e-7, 1 - 1e-7)
    weight = torch.where(targets == 1, 20.0, 1.0) * severity
    charge = -(targets * torch.log(p) + (1 - targets) * torch.log(1 - p))
    return (weight * charge).sum() / weight.sum()

# %% design-correction
def corrected_probability(logits):
    return torch.sigmoid(logits + math.log(20))

# %% design-brief
BRIEF = "labels"

# %% design-labels
def observed_loss(logits, labels, observed):
    charge = F.softplus(logits) - labels * logits
    return (charge * observed).sum() / observed.sum()


def unbiased_loss(logits, labels, observed, propensity):
    charge = F.softplus(logits) - labels.nan_to_num() * logits
    return (charge * observed / propensity).sum() / observed.sum()
