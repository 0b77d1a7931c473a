"""A random walk over sign-in: the world it walks in, the model that says what may happen, the steps."""
