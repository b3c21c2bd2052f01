# %% ranking-pairs
def pairwise_hinge(scores, relevance):
    better = relevance.unsqueeze(1) >= relevance
    return F.relu(1 - (scores.unsqueeze(1) - scores))[better].mean()


def ranknet(scores, relevance):
    better = relevance.unsqueeze(1) >= relevance
    return F.softplus(scores - scores.unsqueeze(1))[better].sum()
