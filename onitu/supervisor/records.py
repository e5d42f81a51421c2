"""What the supervisor keeps in the store: the setup's id, the roots of folders, generations, root ids."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path

import attrs

from onitu.config.values import Setup
from onitu.core.capability import Capabilities
from onitu.core.scope import Member, Scope
from onitu.store import Store, Transaction

#: Changes at every start of the host (Linux). Elsewhere nothing tells, and every start counts as one.
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def has_rebooted(store: Store) -> bool:
    """Returns whether this host was started anew since the store was last used, and notes that it was used now.

    Where the host has no boot id, every start counts as one after a power cut.
    """
    try:
        now = BOOT_ID.read_bytes().strip()
    except OSError:
        now = uuid.uuid4().hex.encode()

    def work(transaction: Transaction) -> bool:
        before = transaction.meta("boot")
        transaction.set_meta("boot", now)
        return before is not None and before != now

    return store.write(work)


def open_setup(store: Store, setup: Setup) -> tuple[str, dict[str, Scope]]:
    """Returns the id of a setup and its folders as scopes, making what is not there yet.

    The index is derived anew when services or modes have changed since the last start.

    Args:
        store: The records; its scopes are set.
        setup: The setup.
    """

    def work(transaction: Transaction) -> tuple[str, dict[str, Scope]]:
        setup_id = (transaction.meta("setup-id") or uuid.uuid4().hex.encode()).decode()
        transaction.set_meta("setup-id", setup_id.encode())
        scopes = {name: _scope(setup, name, _root(transaction, name)) for name in setup.folders}
        return setup_id, scopes

    setup_id, scopes = store.write(work)
    store.scopes = scopes
    shape = repr(
        [
            (name, sorted((service, member.mode.value) for service, member in scope.members.items()))
            for name, scope in sorted(scopes.items())
        ]
    ).encode()

    def bring_index_up_to_date(transaction: Transaction) -> None:
        if transaction.meta("shape") != shape:
            transaction.reindex()
            transaction.set_meta("shape", shape)

    store.write(bring_index_up_to_date)
    return setup_id, scopes


def next_generation(transaction: Transaction, service: str) -> int:
    """Returns the generation of a service's next configuration."""
    generation = int(transaction.meta(f"generation {service}") or b"0") + 1
    transaction.set_meta(f"generation {service}", str(generation).encode())
    return generation


def root_id(transaction: Transaction, service: str, folder: str) -> str | None:
    """Returns the root that the state of a folder on a service belongs to, or None before first contact."""
    found = transaction.meta(f"root-id {service}\0{folder}")
    return found.decode() if found is not None else None


def set_root_id(transaction: Transaction, service: str, folder: str, value: str) -> None:
    """Keeps the root that the state of a folder on a service belongs to."""
    transaction.set_meta(f"root-id {service}\0{folder}", value.encode())


def with_capabilities(scopes: Mapping[str, Scope], service: str, capabilities: Capabilities) -> dict[str, Scope]:
    """Returns the scopes with what is now known of a service."""
    return {
        name: attrs.evolve(
            scope,
            members={
                member: attrs.evolve(known, capabilities=capabilities) if member == service else known
                for member, known in scope.members.items()
            },
        )
        for name, scope in scopes.items()
    }


def _root(transaction: Transaction, folder: str) -> int:
    """Returns the node of a folder's root."""
    found = transaction.meta(f"root {folder}")
    if found is not None:
        return int(found)
    node = transaction.create(folder, None)
    transaction.put(node)
    transaction.set_meta(f"root {folder}", str(node.id).encode())
    return node.id


def _scope(setup: Setup, folder: str, root: int) -> Scope:
    """Returns a folder of the setup as the core sees it."""
    options = setup.folders[folder]
    members = {
        service.name: Member(mode=service.folders[folder].mode)
        for service in setup.services.values()
        if folder in service.folders and service.folders[folder].mode
    }
    return Scope(folder=folder, root=root, members=members, policy=options.policy, preferred=tuple(options.preferred))
