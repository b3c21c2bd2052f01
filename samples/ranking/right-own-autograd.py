# %% ranking-ndcg
def ndcg(scores, relevance, k):
    order = torch.argsort(scores, descending=True, stable=True)[:k]
    best = torch.topk(relevance.double(), min(k, len(scores))).values
    value = lambda grades: ((grades.exp2() - 1) * math.log(2) / torch.log1p(torch.arange(1.0, len(grades) + 1))).sum()
    return torch.nan_to_num(value(relevance[order].double()) / value(best), nan=0.0)

# %% ranking-pairs
class MeanCharge(torch.autograd.Function):
    """Mean over pairs, with the slope in closed form."""

    @staticmethod
    def forward(ctx, scores, relevance, kind):
        better = relevance.unsqueeze(1) > relevance.unsqueeze(0)
        lead = scores.unsqueeze(1) - scores.unsqueeze(0)
        if kind == "hinge":
            charge, slope = (1 - lead).clamp(min=0), -(lead < 1).to(scores)
        else:
            charge, slope = F.softplus(-lead), -torch.sigmoid(-lead)
        count = better.sum().clamp(min=1)
        pull = slope * better / count
        ctx.save_for_backward(pull.sum(1) - pull.sum(0))
        return (charge * better).sum() / count

    @staticmethod
    def backward(ctx, grad):
        (slope,) = ctx.saved_tensors
        return grad * slope, None, None


def pairwise_hinge(scores, relevance):
    return MeanCharge.apply(scores, relevance, "hinge")


def ranknet(scores, relevance):
    return MeanCharge.apply(scores, relevance, "logistic")

# %% ranking-weights
def lambdarank_weights(scores, relevance):
    order = torch.argsort(scores, descending=True, stable=True)
    back = torch.empty_like(order).scatter_(0, order, torch.arange(len(order)))
    discount = (1 / torch.log2(torch.arange(len(order)) + 2.0).double())[back]
    gain = relevance.double().exp2() - 1
    ideal = torch.dot(gain.sort().values.flip(0), discount.sort().values.flip(0))
    table = torch.cartesian_prod(torch.arange(len(order)), torch.arange(len(order)))
    i, j = table[:, 0], table[:, 1]
    flat = ((gain[i] - gain[j]) * (discount[i] - discount[j])).abs()
    return torch.nan_to_num(flat / ideal, nan=0.0).view(len(order), -1)

# %% ranking-listmle
class PlackettLuce(torch.autograd.Function):
    @staticmethod
    def forward(ctx, scores, order):
        ordered = scores[order]
        slope, total = torch.zeros_like(scores), scores.new_zeros(())
        for place in range(len(order)):
            rest = ordered[place:]
            total += torch.logsumexp(rest, 0) - rest[0]
            slope[order[place:]] += torch.softmax(rest, 0)
            slope[order[place]] -= 1
        ctx.save_for_backward(slope)
        return total

    @staticmethod
    def backward(ctx, grad):
        return grad * ctx.saved_tensors[0], None


def listmle(scores, relevance):
    return PlackettLuce.apply(scores, torch.argsort(relevance, descending=True, stable=True))

# %% ranking-batched
def batched_ranknet(scores, relevance, mask):
    total, lists = scores.new_zeros(()), 0
    for row in range(len(scores)):
        real = mask[row].nonzero().squeeze(1)
        grades = relevance[row].index_select(0, real)
        if grades.unique().numel() > 1:
            total, lists = total + ranknet(scores[row].index_select(0, real), grades), lists + 1
    return total / max(lists, 1)

# %% ranking-counterexample
def counterexample():
    relevance = torch.tensor([4.0, 0.0, 0.0, 0.0])
    close = torch.tensor([2.0, 2.01, 2.01, 2.01])
    return relevance, close, 100 * close[:1] + relevance

# %% ranking-scorer
def ranked_scores(features, relevance, new_features):
    w = torch.zeros(6, requires_grad=True)
    optimiser = torch.optim.SGD([w], lr=0.5, momentum=0.9)
    for step in range(4):
        for x, r in zip(features, relevance):
            optimiser.zero_grad()
            ranknet(x @ w, r).backward()
            optimiser.step()
        optimiser.param_groups[0]["lr"] *= 0.3
    return (new_features @ w).detach()
