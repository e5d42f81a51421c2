"""Moving bytes: for every task the cheapest way that is possible between its two services.

Handoff where both are on this host and the source has local files: no byte crosses gRPC. Batches for small files. A
stream for a large one. Whoever is the destination verifies size and digest before anything becomes visible.
"""
