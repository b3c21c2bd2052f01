# %% ranking-scorer
def ranked_scores(features, relevance, new_features):
    return squared_error_scores(features, relevance, new_features)
