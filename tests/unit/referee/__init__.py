"""Tests of the Referee."""
