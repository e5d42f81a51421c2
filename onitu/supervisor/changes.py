"""What has changed between two readings of a setup, and whom that concerns. Pure.

A driver is told its options and its mappings at `Configure`, so a service for which any of that has changed is started
anew. Everything else is the core's alone and is put in force without a driver noticing. A new kind of option counts as
told to the driver until it is listed here: a start too many does no harm.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from onitu.config.values import ServiceSetup, Setup

#: What no driver is told, at a service and at its folders.
_OF_THE_CORE = frozenset(
    {"velocity", "bandwidth", "schedule", "filters", "conflict", "policy", "preferred", "adopt", "max_delete", "atomic"}
)

#: What at the top of a setup does not bear on which files go where.
_ASIDE = frozenset(
    {"path", "name", "folders", "services", "data_dir", "warnings", "places", "api", "notify", "verify", "top"}
)


@attrs.frozen(kw_only=True)
class Changes:
    """What a new reading of a setup asks for.

    Attributes:
        started: Services that are new.
        stopped: Services that are gone, or take part in no folder any more.
        restarted: Services whose driver has to be told something else.
        folders: Folders that are new, gone, or have other options.
    """

    started: tuple[str, ...] = ()
    stopped: tuple[str, ...] = ()
    restarted: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()

    @property
    def beginning(self) -> tuple[str, ...]:
        """Services that begin a life."""
        return (*self.started, *self.restarted)

    @property
    def ending(self) -> tuple[str, ...]:
        """Services that end one."""
        return (*self.stopped, *self.restarted)


def active_services(setup: Setup) -> dict[str, ServiceSetup]:
    """Returns the services that are run: those with a folder that is not off."""
    return {
        name: service
        for name, service in setup.services.items()
        if any(mapping.mode for mapping in service.folders.values())
    }


def changes_between(before: Setup, after: Setup) -> Changes:
    """Returns what has to be done when a setup has become another one.

    Args:
        before: What is in force.
        after: What is to be in force.
    """
    old, new = active_services(before), active_services(after)
    return Changes(
        started=tuple(name for name in new if name not in old),
        stopped=tuple(name for name in old if name not in new),
        restarted=tuple(name for name in new if name in old and _told(old[name]) != _told(new[name])),
        folders=tuple(
            name for name in {**before.folders, **after.folders} if _of_folder(before, name) != _of_folder(after, name)
        ),
    )


def _told(service: ServiceSetup) -> dict[str, object]:
    """Returns everything of a service that its driver is told."""
    told = _without(service, _OF_THE_CORE | {"folders"})
    told["folders"] = {
        name: _without(mapping, _OF_THE_CORE) for name, mapping in service.folders.items() if mapping.mode
    }
    return told


def _of_folder(setup: Setup, folder: str) -> tuple[object, ...] | None:
    """Returns everything that decides what is done with a folder, or None where there is no such folder."""
    if folder not in setup.folders:
        return None
    mappings: Mapping[str, object] = {
        name: service.folders[folder] for name, service in setup.services.items() if folder in service.folders
    }
    return (setup.folders[folder], mappings, _without(setup, _ASIDE))


def _without(value: attrs.AttrsInstance, names: frozenset[str]) -> dict[str, object]:
    return {field.name: getattr(value, field.name) for field in attrs.fields(type(value)) if field.name not in names}
