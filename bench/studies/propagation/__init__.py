"""Signal propagation at initialisation."""
