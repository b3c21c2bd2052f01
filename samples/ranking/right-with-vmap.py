# %% ranking-ndcg
def ndcg(scores, relevance, k):
    i = torch.arange(len(scores))
    ahead = (scores > scores[:, None]) | ((scores == scores[:, None]) & (i < i[:, None]))
    rank = ahead.sum(1) + 1
    gain = torch.ldexp(torch.ones(len(scores)), relevance.int()) - 1
    ideal = torch.sort(gain, descending=True).values / torch.log2(i + 2.0)
    return ((gain / torch.log2(rank + 1.0))[rank <= k].sum() / ideal[:k].sum().clamp(min=0.5)).double()

# %% ranking-pairs
def mean_charge(scores, relevance, charge):
    i, j = torch.nonzero(relevance.view(-1, 1) > relevance, as_tuple=True)
    values = torch.func.vmap(lambda a, b: charge(scores[a] - scores[b]))(i, j) if len(i) else scores[:0]
    return values.sum() / (len(i) or 1)


def pairwise_hinge(scores, relevance):
    return mean_charge(scores, relevance, lambda lead: F.relu(1 - lead))


def ranknet(scores, relevance):
    return mean_charge(scores, relevance, lambda lead: torch.logsumexp(torch.stack([0 * lead, -lead]), 0))

# %% ranking-weights
def lambdarank_weights(scores, relevance):
    n = len(scores)
    # More k than items: all ranks.
    def swapped(i, j):
        rank = torch.argsort(torch.argsort(scores, descending=True, stable=True)).tolist()
        rank[i], rank[j] = rank[j], rank[i]
        return ndcg(-torch.tensor(rank).double(), relevance, n)

    now = ndcg(scores, relevance, n)
    return torch.stack([torch.stack([(swapped(i, j) - now).abs() for j in range(n)]) for i in range(n)])

# %% ranking-listmle
def listmle(scores, relevance):
    n = len(scores)
    i = torch.arange(n)
    first = (relevance > relevance[:, None]) | ((relevance == relevance[:, None]) & (i < i[:, None]))
    table = torch.where(first, -torch.inf, scores)
    return -torch.log_softmax(table, dim=1).diagonal().sum()

# %% ranking-batched
def batched_ranknet(scores, relevance, mask):
    filled = scores.clone()
    filled[~mask] = 0
    real = mask.int()
    pairs = torch.gt(relevance[:, :, None], relevance[:, None]) * real[:, :, None] * real[:, None]
    charge = -F.logsigmoid(filled[:, :, None] - filled[:, None]) * pairs
    each = charge.sum((1, 2)) / pairs.sum((1, 2)).clamp(min=1)
    has = pairs.sum((1, 2)) > 0
    return each[has].mean() if has.any() else each.sum()

# %% ranking-counterexample
def counterexample():
    relevance = torch.tensor([2.0, 0.0])
    return relevance, relevance.mean() + torch.tensor([-0.1, 0.1]), 30 + relevance

# %% ranking-scorer
def ranked_scores(features, relevance, new_features):
    w = torch.zeros(6)
    mask = torch.ones_like(relevance, dtype=torch.bool)
    slope = torch.func.grad(lambda w: batched_ranknet(features @ w, relevance, mask.clone()))
    for _ in range(200):
        w = w - 1.0 * slope(w)
    return new_features @ w
