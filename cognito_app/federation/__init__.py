"""Protocols of social and OpenID Connect providers, by social-auth-core; they know no pool and no database."""
