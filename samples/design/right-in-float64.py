# %% design-loss
def severity_loss(logits, targets, severity):
    z, y, s = logits.double(), targets.double(), severity.double()
    stable = z.clamp(min=0) - z * y + torch.log1p(torch.exp(-z.abs()))
    return (torch.pow(20.0, y) * s * stable).float().mean()

# %% design-correction
def corrected_probability(logits):
    odds = torch.exp(logits.double().clamp(-700, 700)) / 20
    return (odds / (1 + odds)).to(logits.dtype)

# %% design-fit
def fitted(measured, targets, severity):
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1e4, max_iter=1000)
    model.fit(measured.numpy(), targets.numpy(), sample_weight=(20.0**targets * severity).numpy())
    return torch.tensor([*model.coef_[0], *model.intercept_])

# %% design-brief
BRIEF = "ratings"

# %% design-ratings
def rating_loss(scores, thresholds, ratings):
    s = scores.double()
    cut = F.pad(thresholds.double(), (1, 1), value=1e9)
    cut[0] = -1e9
    upper, lower = cut[ratings + 1] - s, cut[ratings] - s
    log_difference = F.logsigmoid(upper) + F.logsigmoid(-lower) + torch.log(-torch.expm1(lower - upper))
    return -log_difference.to(scores.dtype)


def rating_probabilities(scores, thresholds):
    below = torch.sigmoid(thresholds.unsqueeze(0) - scores.unsqueeze(1))
    return torch.diff(F.pad(F.pad(below, (1, 0), value=0.0), (0, 1), value=1.0), dim=1)
