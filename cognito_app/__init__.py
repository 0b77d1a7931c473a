"""A self-hosted, wire-compatible re-implementation of Amazon Cognito."""
