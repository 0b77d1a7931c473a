"""Sign-in: one engine, called by the API and by the hosted pages."""
