"""Histories that Hypothesis invents, played on simulated services around the pure core."""
