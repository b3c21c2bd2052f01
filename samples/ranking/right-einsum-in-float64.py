# %% ranking-ndcg
def ndcg(scores, relevance, k):
    n = len(scores)
    shown = torch.zeros(n, dtype=torch.float64)
    shown[: min(k, n)] = 1 / torch.log2(torch.arange(min(k, n)) + 2.0).double()
    gain = torch.expm1(relevance.double() * math.log(2))
    put = F.one_hot(torch.argsort(-scores, stable=True), n).double()
    ideal = F.one_hot(torch.argsort(-relevance, stable=True), n).double()
    best = torch.einsum("r,ri,i->", shown, ideal, gain)
    return torch.einsum("r,ri,i->", shown, put, gain) / best.clamp(min=1)

# %% ranking-pairs
def signs(scores, relevance):
    better = (relevance.unsqueeze(1) - relevance.unsqueeze(0) > 0).double()
    return better, scores.double().unsqueeze(1) - scores.double().unsqueeze(0)


def pairwise_hinge(scores, relevance):
    better, lead = signs(scores, relevance)
    return (torch.einsum("ij,ij->", better, F.relu(1 - lead)) / better.sum().clamp(min=1)).to(scores.dtype)


def ranknet(scores, relevance):
    better, lead = signs(scores, relevance)
    return (torch.einsum("ij,ij->", better, F.softplus(-lead)) / better.sum().clamp(min=1)).to(scores.dtype)

# %% ranking-weights
def lambdarank_weights(scores, relevance):
    gain = torch.expm1(relevance.double() * math.log(2))
    rank = torch.argsort(torch.argsort(-scores, stable=True))
    discount = torch.log2(rank + 2.0).double().reciprocal()
    best = (gain.sort(descending=True).values * discount.sort(descending=True).values).sum()
    outer = torch.einsum("i,j->ij", gain, discount)
    own = torch.einsum("i,i->i", gain, discount)
    return (own.unsqueeze(1) + own - outer - outer.T).abs() / best.clamp(min=1)

# %% ranking-listmle
def listmle(scores, relevance):
    order = torch.argsort(-relevance, stable=True)
    ordered = scores.double()[order]
    later = torch.ones(len(scores), len(scores), dtype=torch.bool).triu()
    table = ordered.expand(len(scores), -1).masked_fill(~later, -math.inf)
    return (torch.logsumexp(table, dim=1).sum() - ordered.sum()).to(scores.dtype)

# %% ranking-batched
def batched_ranknet(scores, relevance, mask):
    clean = scores.double().masked_fill(~mask, 0.0)
    better = (relevance.unsqueeze(2) > relevance.unsqueeze(1)) & mask.unsqueeze(2) & mask.unsqueeze(1)
    weight = better.double() / better.sum((1, 2), keepdim=True).clamp(min=1)
    charge = F.softplus(clean.unsqueeze(1) - clean.unsqueeze(2))
    return torch.einsum("bij,bij->", weight, charge) / better.flatten(1).any(1).sum().clamp(min=1)

# %% ranking-counterexample
def counterexample():
    return torch.tensor([0, 4, 0]), torch.tensor([2.1, 2.0, 2.2]), torch.tensor([-90, 10, -90])

# %% ranking-scorer
def ranked_scores(features, relevance, new_features):
    w = torch.zeros(6, dtype=torch.float64, requires_grad=True)
    x, mask = features.double(), torch.ones_like(relevance, dtype=torch.bool)
    optimiser = torch.optim.LBFGS([w], max_iter=30)

    def closure():
        optimiser.zero_grad()
        loss = batched_ranknet(x @ w, relevance, mask)
        loss.backward()
        return loss

    optimiser.step(closure)
    return (new_features.double() @ w).detach()
