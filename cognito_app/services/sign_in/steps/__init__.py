"""The steps of a sign-in, a file for each factor."""
