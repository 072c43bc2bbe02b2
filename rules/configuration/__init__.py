"""What a service is told by its surroundings, and what stands in its code instead."""
