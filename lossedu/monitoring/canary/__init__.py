"""Whether a new version, on a part of the traffic, is worse: decided as soon as it is known."""
