# %% design-loss
def severity_loss(logits, targets, severity):
    charges = [
        (20.0 if y == 1 else 1.0) * (0.5 + s) * F.softplus(-z if y == 1 else z)
        for z, y, s in zip(logits, targets, severity)
    ]
    return sum(charges) / len(charges)

# %% design-correction
def corrected_probability(logits):
    return 1 / (1 + 20 * torch.exp(-logits))

# %% design-fit
def fitted(measured, targets, severity):
    weights = torch.zeros(5, requires_grad=True)
    x = torch.cat([measured, torch.ones(len(measured), 1)], 1)
    optimiser = torch.optim.LBFGS([weights], max_iter=50)

    def closure():
        optimiser.zero_grad()
        z = x @ weights
        loss = (torch.where(targets == 1, 20 * F.softplus(-z), F.softplus(z)) * (0.5 + severity)).mean()
        loss.backward()
        return loss

    optimiser.step(closure)
    return weights.detach()

# %% design-brief
BRIEF = "ratings"

# %% design-ratings
def rating_loss(scores, thresholds, ratings):
    far = torch.full((1,), torch.inf, dtype=scores.dtype)
    at_most = F.logsigmoid(thresholds - scores.unsqueeze(1))
    above = F.logsigmoid(scores.unsqueeze(1) - thresholds)
    charges = []
    for row, k in enumerate(ratings.tolist()):
        if k == 0:
            charges.append(-at_most[row, 0])
        elif k == len(thresholds):
            charges.append(-above[row, -1])
        else:
            width = torch.log1p(-torch.exp(thresholds[k - 1] - thresholds[k]))
            charges.append(-(at_most[row, k] + above[row, k - 1] + width))
    return torch.stack(charges)


def rating_probabilities(scores, thresholds):
    levels = torch.arange(len(thresholds) + 1)
    return torch.stack([torch.exp(-rating_loss(s.expand(len(levels)), thresholds, levels)) for s in scores])
