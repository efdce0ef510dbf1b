"""Reports: what the API tells of the whole, at one path each."""
