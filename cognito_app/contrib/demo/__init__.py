"""A protected service for the quickstart: each identity keeps notes that nobody else can reach."""
