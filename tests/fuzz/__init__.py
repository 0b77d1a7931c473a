"""Random requests made from the shapes of the user pools model."""
