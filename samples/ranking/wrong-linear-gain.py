# %% ranking-ndcg
def ndcg(scores, relevance, k):
    discount = 1 / torch.log2(torch.arange(len(scores)) + 2.0)
    order = torch.argsort(scores, descending=True, stable=True)
    best = (relevance.sort(descending=True).values * discount)[:k].sum()
    return (relevance[order] * discount)[:k].sum() / best if best > 0 else torch.tensor(0.0)

# %% ranking-pairs
def pairwise_hinge(scores, relevance):
    lead = scores.unsqueeze(1) - scores
    better = relevance.unsqueeze(1) > relevance
    return F.relu(1 - lead[better]).sum() / max(better.sum(), 1)


def ranknet(scores, relevance):
    lead = scores.unsqueeze(1) - scores
    better = relevance.unsqueeze(1) > relevance
    return F.softplus(-lead[better]).sum() / max(better.sum(), 1)

# %% ranking-weights
def lambdarank_weights(scores, relevance):
    rank = torch.argsort(torch.argsort(scores, descending=True, stable=True))
    discount = 1 / torch.log2(rank + 2.0)
    best = (relevance.sort(descending=True).values * discount.sort(descending=True).values).sum()
    change = (relevance.unsqueeze(1) - relevance) * (discount.unsqueeze(1) - discount)
    return change.abs() / best if best > 0 else torch.zeros_like(change)
