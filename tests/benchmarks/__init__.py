"""Onitu beside rsync and rclone on the same work, in the same run: `python -m tests.benchmarks`."""
