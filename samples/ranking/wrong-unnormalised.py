# %% ranking-ndcg
def ndcg(scores, relevance, k):
    order = torch.argsort(scores, descending=True, stable=True)
    gain = 2.0 ** relevance[order] - 1
    return (gain / torch.log2(torch.arange(len(scores)) + 2.0))[:k].sum()

# %% ranking-weights
def lambdarank_weights(scores, relevance):
    gain = 2.0 ** relevance - 1
    discount = 1 / torch.log2(torch.argsort(torch.argsort(scores, descending=True, stable=True)) + 2.0)
    return ((gain.unsqueeze(1) - gain) * (discount.unsqueeze(1) - discount)).abs()

# %% ranking-counterexample
def counterexample():
    relevance = torch.tensor([1.0, 0.0])
    return relevance, torch.tensor([0.9, 0.1]), torch.tensor([100.0, 99.0])
