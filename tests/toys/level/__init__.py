"""White noise of one level: a family whose weights are known to be good or bad."""
