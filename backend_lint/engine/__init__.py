"""A run: discovery, workers, cache, triage, fixes. Alone knows processes, the disk and git."""
