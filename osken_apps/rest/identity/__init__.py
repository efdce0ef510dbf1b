"""Who asks: what `[api] authentication` makes of a request, and the identity API. SHELL at the edge."""
