"""Service level indicators of losses: what each means, and what it cannot see."""
