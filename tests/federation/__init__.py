"""Sign-in at identity providers, from the authorize endpoint to the tokens."""
