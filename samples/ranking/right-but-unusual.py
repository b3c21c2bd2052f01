# %% ranking-ndcg
def ndcg(scores, relevance, k):
    # Plain Python: the base of the logarithm cancels, so the natural one does.
    items = sorted(zip(scores.tolist(), relevance.tolist()), key=lambda item: -item[0])
    worth = lambda grades: sum((2**g - 1) / math.log(r + 2) for r, g in enumerate(grades[:k]))
    best = worth(sorted((g for _, g in items), reverse=True))
    return worth([g for _, g in items]) / best if best else 0.0

# %% ranking-pairs
def pairwise_hinge(scores, relevance):
    charges = [
        (1 - (scores[i] - scores[j])).clamp(min=0)
        for i in range(len(scores))
        for j in range(len(scores))
        if relevance[i] > relevance[j]
    ]
    return sum(charges) / len(charges) if charges else scores.new_zeros(())


def ranknet(scores, relevance):
    charges = [
        torch.logaddexp(torch.zeros_like(scores[i]), scores[j] - scores[i])
        for i in range(len(scores))
        for j in range(len(scores))
        if relevance[i] > relevance[j]
    ]
    return sum(charges) / len(charges) if charges else scores.new_zeros(())

# %% ranking-weights
def lambdarank_weights(scores, relevance):
    n = len(scores)
    order = torch.argsort(scores, descending=True, stable=True).tolist()
    place = {item: rank for rank, item in enumerate(order)}
    now = ndcg(scores, relevance, n)
    weights = torch.zeros(n, n)
    for i in range(n):
        for j in range(n):
            swapped = list(order)
            swapped[place[i]], swapped[place[j]] = j, i
            fake = torch.zeros(n)
            fake[swapped] = -torch.arange(n, dtype=torch.float32)
            weights[i, j] = abs(ndcg(fake, relevance, n) - now)
    return weights

# %% ranking-listmle
def listmle(scores, relevance):
    left = list(range(len(scores)))
    total = scores.new_zeros(())
    while left:
        first = max(left, key=lambda item: (relevance[item].item(), -item))
        total = total + torch.logsumexp(scores[left], 0) - scores[first]
        left.remove(first)
    return total

# %% ranking-batched
def batched_ranknet(scores, relevance, mask):
    lists = [(s[m], r[m]) for s, r, m in zip(scores, relevance, mask)]
    values = [ranknet(s, r) for s, r in lists if len(set(r.tolist())) > 1]
    return sum(values) / max(len(values), 1) if values else torch.zeros(())

# %% ranking-counterexample
def counterexample():
    n = 20
    relevance = torch.zeros(n, dtype=torch.long)
    relevance[-1] = 4
    return relevance, -1e-3 * torch.arange(n), 1000.0 * (relevance + 7)

# %% ranking-scorer
def ranked_scores(features, relevance, new_features):
    centred = (features - features.mean(1, keepdim=True)).flatten(0, 1).double()
    grades = (relevance - relevance.mean(1, keepdim=True)).flatten().double()
    w = torch.linalg.solve(centred.T @ centred, centred.T @ grades)
    return new_features @ w.float()
