"""White noise of one level: a family of which it is known how good its weights are, and which conditions it was told."""
