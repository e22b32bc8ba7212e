"""Images that this very configuration has: stamps of another data set, or what models drew on others, joined."""
