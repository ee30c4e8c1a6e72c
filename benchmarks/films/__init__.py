"""Films and particles with known truth, and what is measured on them."""
