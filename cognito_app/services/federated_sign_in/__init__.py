"""Sign-in by identity providers: what every protocol shares, from the first redirect to the browser session."""
