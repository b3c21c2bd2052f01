# %% design-brief
BRIEF = "ratings"

# %% design-ratings
def rating_loss(scores, thresholds, ratings):
    p = rating_probabilities(scores, thresholds)
    return -torch.log(p.gather(1, ratings.unsqueeze(1)).squeeze(1))


def rating_probabilities(scores, thresholds):
    at_most = torch.sigmoid(thresholds - scores.unsqueeze(1))
    return torch.diff(F.pad(F.pad(at_most, (1, 0)), (0, 1), value=1.0), dim=1)
