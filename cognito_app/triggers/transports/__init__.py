"""The ways in which a trigger's function is reached, a file for each."""
