# %% ranking-ndcg
def dcg(relevance_in_order, k):
    top = relevance_in_order[:k].double()
    rank = torch.arange(1, len(top) + 1)
    return ((2**top - 1) / torch.log2(rank + 1)).sum()


def ndcg(scores, relevance, k):
    best = dcg(relevance.sort(descending=True).values, k)
    if best == 0:
        return torch.tensor(0.0)
    return dcg(relevance[torch.argsort(scores, descending=True, stable=True)], k) / best

# %% ranking-pairs
def pairwise_hinge(scores, relevance):
    lead = scores[:, None] - scores[None, :]
    better = relevance[:, None] > relevance[None, :]
    if not better.any():
        return 0.0 * scores.sum()
    return F.relu(1 - lead[better]).mean()


def ranknet(scores, relevance):
    lead = scores[:, None] - scores[None, :]
    better = relevance[:, None] > relevance[None, :]
    if not better.any():
        return 0.0 * scores.sum()
    return -F.logsigmoid(lead[better]).mean()

# %% ranking-weights
def lambdarank_weights(scores, relevance):
    n = len(scores)
    gain = 2 ** relevance.double() - 1
    discount = torch.zeros(n, dtype=torch.float64)
    discount[torch.argsort(scores, descending=True, stable=True)] = 1 / torch.log2(torch.arange(n) + 2.0).double()
    best = dcg(relevance.sort(descending=True).values, n)
    if best == 0:
        return torch.zeros(n, n)
    return torch.abs((gain[:, None] - gain) * (discount[:, None] - discount)) / best

# %% ranking-listmle
def listmle(scores, relevance):
    ordered = scores[torch.argsort(relevance, descending=True, stable=True)]
    return (torch.logcumsumexp(ordered.flip(0), 0).flip(0) - ordered).sum()

# %% ranking-batched
def batched_ranknet(scores, relevance, mask):
    values = []
    for s, r, m in zip(scores, relevance, mask):
        s, r = s[m], r[m]
        if (r[:, None] > r).any():
            values.append(ranknet(s, r))
    return torch.stack(values).mean() if values else 0.0 * scores[mask].sum()

# %% ranking-counterexample
def counterexample():
    relevance = torch.tensor([2.0, 1.0, 0.0])
    return relevance, torch.tensor([0.9, 1.0, 1.1]), relevance + 50

# %% ranking-scorer
def ranked_scores(features, relevance, new_features):
    w = torch.zeros(features.shape[-1], requires_grad=True)
    optimiser = torch.optim.Adam([w], lr=0.05)
    mask = torch.ones_like(relevance, dtype=torch.bool)
    for _ in range(120):
        optimiser.zero_grad()
        (torch.stack([listmle(s, r) for s, r in zip(features @ w, relevance)]).mean()).backward()
        optimiser.step()
    return (new_features @ w).detach()

# %% ranking-conclusion
I set spread to 0 and predicted that squared error would catch up. It did: without a shared level both reach 0.93.
With it, squared error has to explain grades across searches by a level that says nothing; pairs within a search never see it.
I would still ship squared error where the number itself is used, such as a price.
