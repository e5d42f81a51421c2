"""The settings file as typed values (CONTRACT B).

`load_setup` is the way in. Inside, a file goes through several hands, each of which notes every fault it meets:
`document` (YAML to items with places), `read` and what it calls (items to values), and for `onitu check` also `drivers`
(driver options against manifests; not imported here, because `onitu serve` has no use for it and would wait for its
imports).
"""

from onitu.config.faults import Fault, Place, SetupError
from onitu.config.load import load_setup
from onitu.config.locations import data_directory, find_setup, slug, user_setup
from onitu.config.secret import Reference
from onitu.config.values import (
    Adopt,
    Api,
    Bandwidth,
    DriverAddress,
    DriverCommand,
    FolderOptions,
    MappingSetup,
    Notification,
    ServiceSetup,
    Setup,
    Timetable,
    Tls,
)
from onitu.core.retention import Keep
from onitu.core.scope import MaxDelete

__all__ = [
    "Adopt",
    "Api",
    "Bandwidth",
    "DriverAddress",
    "DriverCommand",
    "Fault",
    "FolderOptions",
    "Keep",
    "MappingSetup",
    "MaxDelete",
    "Notification",
    "Place",
    "Reference",
    "ServiceSetup",
    "Setup",
    "SetupError",
    "Timetable",
    "Tls",
    "data_directory",
    "find_setup",
    "load_setup",
    "slug",
    "user_setup",
]
