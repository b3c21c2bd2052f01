# %% ranking-listmle
def listmle(scores, relevance):
    order = torch.argsort(relevance, descending=True, stable=True)
    return -torch.log_softmax(scores[order], dim=0).sum()

# %% ranking-batched
def batched_ranknet(scores, relevance, mask):
    better = (relevance.unsqueeze(2) > relevance.unsqueeze(1)) & mask.unsqueeze(2) & mask.unsqueeze(1)
    charge = F.softplus(scores.unsqueeze(1) - scores.unsqueeze(2))[better]
    return charge.mean() if len(charge) else scores[mask].sum() * 0
