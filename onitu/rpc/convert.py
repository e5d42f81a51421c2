"""Between the values of the core and the messages of the contract, in pairs: the one door to all of them.

Every `<thing>_to_wire` has its `<thing>_from_wire`, and for every value that the wire can hold
`from_wire(to_wire(value)) == value`. Messages stop here: nothing outside of the two ends of the contract sees one.
"""

from __future__ import annotations

from onitu.rpc.manifests import (
    capabilities_from_wire,
    capabilities_to_wire,
    limits_from_wire,
    limits_to_wire,
    manifest_from_wire,
    manifest_to_wire,
    options_from_wire,
    options_to_wire,
)
from onitu.rpc.observations import (
    clamp_time,
    digests_from_wire,
    digests_to_wire,
    identity_from_revision,
    identity_from_wire,
    identity_to_wire,
    kept_from_wire,
    kept_to_wire,
    observation_from_wire,
    observation_to_wire,
    present_from_wire,
    present_to_wire,
    revision_of_identity,
)
from onitu.rpc.operations import (
    attributes_from_wire,
    attributes_to_wire,
    local_file_from_wire,
    local_file_to_wire,
    operation_from_wire,
    operation_to_wire,
    result_from_wire,
    result_to_wire,
    upload_from_wire,
    upload_to_wire,
)

__all__ = [
    "attributes_from_wire",
    "attributes_to_wire",
    "capabilities_from_wire",
    "capabilities_to_wire",
    "clamp_time",
    "digests_from_wire",
    "digests_to_wire",
    "identity_from_revision",
    "identity_from_wire",
    "identity_to_wire",
    "kept_from_wire",
    "kept_to_wire",
    "limits_from_wire",
    "limits_to_wire",
    "local_file_from_wire",
    "local_file_to_wire",
    "manifest_from_wire",
    "manifest_to_wire",
    "observation_from_wire",
    "observation_to_wire",
    "operation_from_wire",
    "operation_to_wire",
    "options_from_wire",
    "options_to_wire",
    "present_from_wire",
    "present_to_wire",
    "result_from_wire",
    "result_to_wire",
    "revision_of_identity",
    "upload_from_wire",
    "upload_to_wire",
]
