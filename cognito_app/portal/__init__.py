"""The operators' portal."""
