"""SAML sign-in to user pools: our requests, what providers answer, signing out there, and their metadata."""
