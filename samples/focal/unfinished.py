# %% focal-binary
def binary_cross_entropy(logits, targets):
    return F.softplus(torch.where(targets == 1, -logits, logits))
