"""Tests of the transfer."""
