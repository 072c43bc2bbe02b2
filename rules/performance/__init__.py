"""What was measured, held against what is asked for."""
