"""The operations, by what they act upon."""
