"""T11: no way around the second factor."""
