"""What is measured of atomic columns: figures, their targets and what the simple ways reach."""
