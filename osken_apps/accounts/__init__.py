"""Users that this API knows itself: their passwords, tokens and credentials, and the first of them."""
