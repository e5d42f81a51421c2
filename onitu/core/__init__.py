"""Decides everything and touches nothing: no I/O, no clock, no randomness.

Time and new ids arrive in the events. Start reading at `model`, then `reconcile`.
"""
