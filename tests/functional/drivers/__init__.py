"""Driver programs for the tests: each speaks to the core in its own wrong, or slow, or minimal way."""
