# %% ranking-pairs
def pairwise_hinge(scores, relevance):
    better = relevance.unsqueeze(1) > relevance
    lead = (scores.unsqueeze(1) - scores)[better]
    return F.relu(1 - lead).sum() / max(len(lead), 1)


def ranknet(scores, relevance):
    better = relevance.unsqueeze(1) > relevance
    lead = (scores.unsqueeze(1) - scores)[better]
    return torch.log(1 + torch.exp(-lead)).sum() / max(len(lead), 1)

# %% ranking-listmle
def listmle(scores, relevance):
    e = torch.exp(scores[torch.argsort(relevance, descending=True, stable=True)])
    return -torch.log(e / e.flip(0).cumsum(0).flip(0)).sum()
