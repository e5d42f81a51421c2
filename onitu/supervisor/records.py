"""What the supervisor keeps in the store: the setup's id, the roots of folders, generations, root ids."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import attrs

from onitu.config.values import Adopt, MappingSetup, Setup
from onitu.core.capability import Capabilities, NameComparison
from onitu.core.derive import DERIVATION
from onitu.core.patterns import Ignore
from onitu.core.retention import Keep
from onitu.core.scope import MaxDelete, Member, Scope
from onitu.core.tree import Effect, Notice
from onitu.referee.ignoring import ignore_text, with_ignore_text
from onitu.referee.keeper import note_power_cut
from onitu.store import Store, Transaction
from onitu.supervisor.leaving import forget_left

if TYPE_CHECKING:
    from onitu.referee import Referee

#: A folder, and what of it is unmanaged from now on.
Unmanaged: TypeAlias = tuple[str, Notice]

#: Changes at every start of the host (Linux). Elsewhere nothing tells, and every start counts as one.
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def note_start(store: Store) -> None:
    """Notes that the store is used, and whether this host was started anew since it last was.

    Where the host has no boot id, every start counts as one after a power cut.
    """
    try:
        now = BOOT_ID.read_bytes().strip()
    except OSError:
        now = uuid.uuid4().hex.encode()

    def work(transaction: Transaction) -> None:
        before = transaction.meta("boot")
        transaction.set_meta("boot", now)
        if before is not None and before != now:
            note_power_cut(transaction)

    store.write(work)


def open_setup(store: Store, setup: Setup) -> tuple[str, dict[str, Scope], list[Unmanaged]]:
    """Returns the id of a setup and its folders as scopes, making what is not there yet.

    What is derived is derived anew when the setup says something else of a folder than at the last start. What is known
    of folders on services that are gone from it is forgotten.

    Args:
        store: The records; its scopes are set.
        setup: The setup.

    Returns:
        The id, the scopes by folder, and what is unmanaged from now on.
    """

    def work(transaction: Transaction) -> tuple[str, dict[str, Scope], list[Unmanaged]]:
        setup_id = (transaction.meta("setup-id") or uuid.uuid4().hex.encode()).decode()
        transaction.set_meta("setup-id", setup_id.encode())
        let_go(transaction, setup)
        scopes = scopes_of(transaction, setup)
        return setup_id, scopes, enforce(transaction, scopes)

    setup_id, scopes, notices = store.write(work)
    store.scopes = scopes
    return setup_id, scopes, notices


def let_go(transaction: Transaction, setup: Setup) -> None:
    """Forgets what is known of folders on services that are gone from the setup; `enforce` has to follow."""
    if forget_left(transaction, setup):
        transaction.set_meta("shape", None)


def scopes_of(transaction: Transaction, setup: Setup) -> dict[str, Scope]:
    """Returns the folders of a setup as the core sees them, with what their ignore files say, making missing roots.

    What a service can do is not known before it is configured, but for how it compares names: indexes were made by it.
    """
    for folder in setup.folders:
        if transaction.meta(f"root {folder}") is None:
            _make_root(transaction, folder)
    return known_scopes(transaction, setup)


def known_scopes(transaction: Transaction, setup: Setup) -> dict[str, Scope]:
    """Returns those folders of a setup that have a root, as `scopes_of` does. Makes nothing."""
    roots = {name: transaction.meta(f"root {name}") for name in setup.folders}
    scopes = {
        name: with_ignore_text(_scope(setup, name, int(root)), ignore_text(transaction, name).text)
        for name, root in roots.items()
        if root is not None
    }
    for service in setup.services:
        known = transaction.meta(f"names {service}")
        if known is not None:
            comparison = NameComparison(int(known))
            scopes = with_capabilities(scopes, service, Capabilities(name_comparison=comparison))
    return scopes


def put_in_force(referee: Referee, setup: Setup, transaction: Transaction) -> list[Unmanaged]:
    """Puts another setup in force while the core runs. What is known of services that go on stays known.

    What is known of folders on services that are gone from it is forgotten; those services must have ended.

    Args:
        referee: Its scopes are replaced.
        setup: The setup.
        transaction: A write transaction.

    Returns:
        What is unmanaged from now on.
    """
    known = {
        service: member.capabilities for scope in referee.scopes.values() for service, member in scope.members.items()
    }
    let_go(transaction, setup)
    scopes = scopes_of(transaction, setup)
    for service, capabilities in known.items():
        scopes = with_capabilities(scopes, service, capabilities)
    referee.rescope(transaction, scopes)
    return enforce(transaction, scopes)


def adopt(referee: Referee, service: str, capabilities: Capabilities, transaction: Transaction) -> list[Unmanaged]:
    """Keeps what is now known of a service.

    Args:
        referee: Its scopes are replaced.
        service: The service.
        capabilities: What it can do.
        transaction: A write transaction.

    Returns:
        What is unmanaged from now on.
    """
    transaction.set_meta(f"names {service}", str(capabilities.name_comparison.value).encode())
    scopes = with_capabilities(referee.scopes, service, capabilities)
    referee.rescope(transaction, scopes)
    return enforce(transaction, scopes)


def enforce(transaction: Transaction, scopes: Mapping[str, Scope]) -> list[Unmanaged]:
    """Derives everything anew, if the setup says something else of a folder than when that was last done.

    Args:
        transaction: The transaction.
        scopes: What the setup says.

    Returns:
        What is unmanaged from now on.
    """
    shape = shape_of(scopes)
    if transaction.meta("shape") == shape:
        return []
    effects: dict[str, list[Effect]] = {name: [] for name in scopes}
    transaction.effects.update(effects)
    transaction.reindex(scopes)
    transaction.set_meta("shape", shape)
    return [(name, effect) for name in effects for effect in effects[name] if isinstance(effect, Notice)]


def shape_of(scopes: Mapping[str, Scope]) -> bytes:
    """Returns everything that what is derived hangs on, as one text."""
    return repr([DERIVATION, *(_shape(scope) for _, scope in sorted(scopes.items()))]).encode()


def _shape(scope: Scope) -> tuple[object, ...]:
    members = sorted(
        (name, member.mode.value, member.filters, member.symlinks, member.capabilities.name_comparison.value)
        for name, member in scope.members.items()
    )
    return scope.folder, members, scope.ignores[:1], scope.rules, scope.rule_prefix


def wished(store: Store, wish: str) -> set[str]:
    """Returns the services that a person has wished something for.

    Args:
        store: The records.
        wish: `leaving.STOPPED` or `leaving.PAUSED`.
    """
    return store.read(lambda transaction: {name for name, _ in transaction.metas(wish)})


def set_wish(transaction: Transaction, wish: str, service: str, *, holds: bool) -> None:
    """Keeps that a person has wished something for a service, or does not any more."""
    transaction.set_meta(f"{wish}{service}", b"1" if holds else None)


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


def _make_root(transaction: Transaction, folder: str) -> None:
    """Makes the node of a folder's root."""
    node = transaction.create(folder, None)
    transaction.put(node)
    transaction.set_meta(f"root {folder}", str(node.id).encode())


def _member(mapping: MappingSetup) -> Member:
    """Returns a folder of a service as the core sees it, before anything is known of what the service can do."""
    return Member(
        mode=mapping.mode,
        filters=mapping.filters,
        symlinks=mapping.symlinks,
        policy=mapping.policy,
        preferred=mapping.preferred,
        trusts_time=mapping.adopt is Adopt.SIZE_MTIME,
        max_delete=mapping.max_delete or MaxDelete(),
        atomic=mapping.atomic,
        keep=mapping.keep or Keep(),
    )


def _scope(setup: Setup, folder: str, root: int) -> Scope:
    """Returns a folder of the setup as the core sees it."""
    members = {
        service.name: _member(service.folders[folder])
        for service in setup.services.values()
        if folder in service.folders and service.folders[folder].mode
    }
    return Scope(
        folder=folder,
        root=root,
        members=members,
        ignores=(Ignore.parse("\n".join(setup.ignores(folder)), origin="the default ignores"),),
        rules=setup.rules,
        rule_prefix="" if setup.is_entries else f"/{folder}",
    )
