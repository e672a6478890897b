"""What every number rests on."""
