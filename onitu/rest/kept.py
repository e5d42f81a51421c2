"""Secrets that are kept while a service is changed: whoever changes it need not know them.

A caller who does not know a secret must not learn it either. So it stays only where it went before: with another
server, another authority to trust or another driver it would be shown to somebody else, and has to be typed again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from onitu.config.faults import Fault, SetupError
from onitu.config.faults import Place as FaultPlace
from onitu.rest.desk import HIDDEN
from onitu.rest.told import Place, Spot, Told, differing, is_secret

if TYPE_CHECKING:
    from onitu.core.manifest import Manifest


def fault(service: str, place: Place, text: str) -> Fault:
    """Returns what is wrong with a word of a service that is put, told as all other faults of it are."""
    return Fault(FaultPlace(".".join((f"services.{service} put by the API", *place)), 0, 0), text)


def with_secrets(
    name: str, block: Mapping[str, object], before: Mapping[str, object], manifest: Manifest | None
) -> dict[str, object]:
    """Returns a service with the secrets that it had, where what is written stands for them.

    Args:
        name: Of the service.
        block: What is put.
        before: What the setup says of it; nothing for a new one.
        manifest: Of its driver; None where that is not known, and every option counts as none that is secret.

    Raises:
        SetupError: A secret cannot be kept. All that must be typed is in it.
    """
    new, old = Told.by(block), Told.by(before)
    hidden = [spot for spot, value in new.options.items() if value == HIDDEN]
    others = [spot for spot in differing(new, old, manifest) if not is_secret(spot, manifest)]
    changed = [key for _, key in others]
    if new.driver != old.driver:
        changed.insert(0, "driver")
    faults = [fault(name, new.places[spot], text) for spot in hidden if (text := _why_not(old, spot, changed))]
    if faults:
        raise SetupError(faults)
    return _filled(block, {new.places[spot]: old.options[spot] for spot in hidden})


def _why_not(old: Told, spot: Spot, changed: list[str]) -> str:
    """Returns why a secret cannot be kept, or "" where it can."""
    if old.options.get(spot) is None:
        return f"'{HIDDEN}' stands for a secret that is kept, and none is: type the secret"
    if not changed:
        return ""
    names = ", ".join(f"'{one}'" for one in changed)
    return f"type the secret again: it is kept only while all else that the driver is told stays, and {names} changes"


def _filled(block: Mapping[str, object], secrets: Mapping[Place, object], above: Place = ()) -> dict[str, object]:
    """Returns words with secrets in their places."""
    return {
        key: _filled(value, secrets, (*above, key)) if isinstance(value, dict) else secrets.get((*above, key), value)
        for key, value in block.items()
    }
