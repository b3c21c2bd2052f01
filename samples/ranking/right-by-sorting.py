# %% ranking-ndcg
def ndcg(scores, relevance, k):
    # Sorting twice, the second time stably, sorts by score and then by place.
    grades = relevance.gather(0, scores.neg().sort(stable=True).indices)
    weigh = torch.arange(2, len(scores) + 2).log2().reciprocal().masked_fill(torch.arange(len(scores)) >= k, 0)
    best = torch.tensordot(2.0 ** relevance.msort().flip(0) - 1, weigh, 1)
    return torch.where(best > 0, torch.tensordot(2.0**grades - 1, weigh, 1) / best, 0.0)

# %% ranking-pairs
def by_grades(scores, relevance, charge):
    """Pairs between blocks of equal grades."""
    grades = relevance.unique()
    total, count = scores.sum() * 0, 0
    for low in range(len(grades)):
        for high in range(low + 1, len(grades)):
            up, down = scores[relevance == grades[high]], scores[relevance == grades[low]]
            block = charge(up.view(-1, 1) - down.view(1, -1))
            total, count = total + block.sum(), count + block.numel()
    return total / max(count, 1)


def pairwise_hinge(scores, relevance):
    return by_grades(scores, relevance, lambda lead: torch.maximum(1 - lead, torch.zeros_like(lead)))


def ranknet(scores, relevance):
    stable = lambda lead: torch.log1p(torch.exp(-lead.abs())) + (-lead).clamp(min=0)
    return by_grades(scores, relevance, stable)

# %% ranking-weights
def lambdarank_weights(scores, relevance):
    n = len(scores)
    weights = torch.zeros(n, n, dtype=torch.float64)
    order = scores.neg().sort(stable=True).indices
    gain = 2.0 ** relevance.double() - 1
    best = sum(g / math.log2(r + 2) for r, g in enumerate(sorted(gain.tolist(), reverse=True)))
    if best:
        for a in range(n):
            for b in range(a):
                moved = 1 / math.log2(b + 2) - 1 / math.log2(a + 2)
                i, j = order[a], order[b]
                weights[i, j] = weights[j, i] = abs(moved * (gain[i] - gain[j])) / best
    return weights.to(scores.dtype)

# %% ranking-listmle
def listmle(scores, relevance):
    ordered = scores[relevance.neg().sort(stable=True).indices]
    total, left = 0.0, None
    for s in reversed(ordered.unbind()):
        left = s if left is None else torch.logaddexp(left, s)
        total = total + (left - s)
    return total

# %% ranking-batched
def batched_ranknet(scores, relevance, mask):
    kept = [r for r in range(len(mask)) if relevance[r][mask[r]].unique().numel() > 1]
    if not kept:
        return torch.zeros((), dtype=scores.dtype)
    return torch.stack([ranknet(scores[r][mask[r]], relevance[r][mask[r]]) for r in kept]).mean()

# %% ranking-counterexample
def counterexample():
    relevance = torch.tensor([3.0, 0.0])
    return [relevance, torch.tensor([1.4, 1.6]), relevance * 20]

# %% ranking-scorer
def ranked_scores(features, relevance, new_features):
    w = torch.zeros(6, requires_grad=True)
    optimiser = torch.optim.Adam([w], lr=0.2)
    for _ in range(20):
        optimiser.zero_grad()
        sum(pairwise_hinge(x @ w, r) for x, r in zip(features[::3], relevance[::3])).div(20).backward()
        optimiser.step()
    return (new_features @ w).detach()
