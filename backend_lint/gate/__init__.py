"""The verdict: conditions over findings and measurements."""
