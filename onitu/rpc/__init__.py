"""The wire: the generated contract, conversion in pairs, the error table, the bridge from Trio to grpcio.

This chapter is the only one that knows gRPC and protobuf. What leaves it are the values of `onitu.core` and the errors
of `onitu.errors`. `convert` (with `observations`, `operations`, `manifests` behind it) and `status` are shared by both
ends of the contract and know no Trio; `transport` is the core's end alone.
"""

from __future__ import annotations

import os

# gRPC's C library writes its own lines to stderr, which carries our log. It reads this once, when it is first imported,
# so it must be said before any module of this chapter imports it. What it would report comes to us as errors anyway.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
