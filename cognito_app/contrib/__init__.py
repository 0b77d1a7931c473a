"""What other Django projects may use."""
