"""Every test of Onitu, one folder per question (docs/design.md)."""
