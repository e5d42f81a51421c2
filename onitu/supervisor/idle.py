"""What a setup says that concerns none of the files that are known (`onitu check`).

Only what admits can be judged: a blacklist leaves no trace of what it keeps out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import attrs

from onitu.config.faults import Fault
from onitu.config.values import Keys, Setup
from onitu.core.media_types import media_type, type_matches
from onitu.core.model import Kind
from onitu.core.patterns import Patterns
from onitu.core.rules import Match
from onitu.core.tree import head_path
from onitu.errors import StoreError
from onitu.store import Transaction
from onitu.store.beside import read_beside
from onitu.supervisor.records import known_scopes


@attrs.frozen
class _File:
    """A file that is known.

    Attributes:
        folder: Its folder.
        path: The path in it.
        name: What rules see.
        size: In bytes.
    """

    folder: str
    path: str
    name: str
    size: int


@attrs.frozen
class _Claim:
    """Something of a setup that should concern some file.

    Attributes:
        keys: Where it stands.
        folder: Of which folder, or None for all of them.
        text: What it is, for a person.
        concerns: Whether it concerns a file.
    """

    keys: Keys
    folder: str | None
    text: str
    concerns: Callable[[_File], bool]


def find_idle(directory: Path, setup: Setup) -> list[Fault]:
    """Returns a warning for each pattern, type and rule that concerns no file that is known. Reads only.

    Args:
        directory: The data directory, whoever owns it.
        setup: The setup.

    Returns:
        The warnings; none where there are no records yet.
    """
    try:
        with read_beside(directory) as transaction:
            files = list(_files(transaction, setup))
    except StoreError:
        return []
    if not files:
        return []
    return [
        Fault(setup.place(*claim.keys), f"{claim.text} concerns none of the {len(files):,} files that are known")
        for claim in _claims(setup)
        if not any(claim.concerns(file) for file in files if claim.folder in (None, file.folder))
    ]


def _files(transaction: Transaction, setup: Setup) -> Iterator[_File]:
    """Yields the files of the head tree."""
    scopes = known_scopes(transaction, setup)
    for node in transaction.nodes():
        if node.folder in scopes and node.place is not None and not node.deleted and node.versions:
            path, version = head_path(transaction, node), node.version
            if version.kind is Kind.FILE:
                yield _File(node.folder, path, f"{scopes[node.folder].rule_prefix}/{path}", version.size)


def _claims(setup: Setup) -> Iterator[_Claim]:
    """Yields what should concern some file: each once, at the level where it stands."""
    yield from _of_rules(setup)
    seen: set[Keys] = set()
    for service in setup.services.values():
        for mapping in service.folders.values():
            levels = {
                f"folder '{mapping.folder}'": ("folders", mapping.folder),
                f"service '{service.name}'": ("services", service.name),
                f"folder '{mapping.folder}' of service '{service.name}'": (
                    "services", service.name, "folders", mapping.folder,
                ),
            }  # fmt: skip
            for narrowing in mapping.filters:
                keys = levels[narrowing.level]
                mark = (*keys, mapping.folder)
                if mark not in seen:
                    seen.add(mark)
                    yield from _of_types(keys, mapping.folder, narrowing.types)
                    yield from _of_patterns(keys, mapping.folder, narrowing.whitelist)


def _of_rules(setup: Setup) -> Iterator[_Claim]:
    for number, rule in enumerate(setup.rules.rules if setup.rules is not None else (), start=1):
        yield _Claim(("rules",), None, f"rule {number} ({rule.match})", partial(_is_matched, rule.match))


def _of_types(keys: Keys, folder: str, types: Iterable[str]) -> Iterator[_Claim]:
    for one in types:
        yield _Claim((*keys, "type"), folder, f"type {one}", partial(_is_of_type, one))


def _of_patterns(keys: Keys, folder: str, whitelist: Patterns) -> Iterator[_Claim]:
    for pattern in whitelist.patterns:
        alone = Patterns.of([pattern])
        yield _Claim((*keys, "whitelist"), folder, f"whitelist {pattern!r}", partial(_is_listed, alone))


def _is_matched(match: Match, file: _File) -> bool:
    return match.matches(file.name, size=file.size, directory=False)


def _is_of_type(wanted: str, file: _File) -> bool:
    return type_matches(media_type(file.path), (wanted,))


def _is_listed(patterns: Patterns, file: _File) -> bool:
    return patterns.match(file.path, directory=False) is not None
