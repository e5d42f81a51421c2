"""What must hold once everything has come to rest, each property by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from onitu.core.capability import NameComparison
from onitu.core.model import Kind
from onitu.core.node import Action
from onitu.store.examine import examine_derived, examine_tree
from tests.simulation.scenario import Kind as Who
from tests.simulation.world import Violation

if TYPE_CHECKING:
    from tests.simulation.account import Account
    from tests.simulation.world import World


#: What a violation says that is no broken promise but an error in the code.
OWN_ERROR = "an error of our own"


async def check(world: World) -> None:
    """Asserts everything that can be asserted of a run, then of its epilogue.

    Raises:
        Violation: Something does not hold.
    """
    await _check_rest(world)
    await _check_fixpoint(world)
    if world.scenario.kind is not Who.NAMES:
        from tests.simulation.epilogues import EPILOGUES  # noqa: PLC0415 - it asserts with what is here.

        epilogue = EPILOGUES.get(world.scenario.epilogue)
        if epilogue is not None:
            world.say(f"epilogue {world.scenario.epilogue}")
            world.in_epilogue = True
            await epilogue(world)
            await _check_rest(world)


async def _check_rest(world: World) -> None:
    if world.bugs:
        raise Violation("P25", f"{OWN_ERROR}: {world.bugs[0]}")
    assert_no_loss(world)
    assert_converged(world)
    _assert_contents(world)
    _assert_records(world)
    _assert_kind(world)


async def _check_fixpoint(world: World) -> None:
    """Asserts P3 and P4: everything is looked at again, and nothing comes of it."""
    assert world.core is not None
    before, versions = len(world.mutations), _versions(world)
    for link in list(world.core.referee.links.values()):
        link.look_again()
    await world.rest()
    after = world.mutations
    if len(after) != before:
        raise Violation("P3", f"a second pass changes something: {_last(world)}")
    made = {node: last for node, last in _versions(world).items() if last > versions.get(node, 0)}
    if made:
        raise Violation("P4", f"a second pass makes versions: {made}")


def assert_no_loss(world: World) -> None:
    """Asserts P1: every content a user made is live, or a user gave it up where it was shown.

    Raises:
        Violation: One is not.
    """
    live = {content for account in world.accounts.values() for content in account.contents().values()}
    for content, makers in world.created.items():
        if content in live or content in world.superseded:
            continue
        if any(content in account.unpromised for account in world.accounts.values()):
            continue  # Written within one tick of a clock that is all there is to tell it from what was there.
        kept = [name for name, account in world.accounts.items() if content in account.trash]
        raise Violation("P1", f"{content!r}, made on {sorted(makers)}, is lost (in the trash of {kept})")


def assert_converged(world: World) -> None:
    """Asserts P2, and P19 where services cannot hold all names.

    Raises:
        Violation: Services differ.
    """
    plain = [account for account in world.accounts.values() if account.traits.names is NameComparison.EXACT]
    first, *others = [projection(account) for account in plain]
    for account, other in zip(plain[1:], others, strict=True):
        if first != other:
            raise Violation("P2", f"{account.name} differs from {plain[0].name}: {difference(other, first)}")
    for account in world.accounts.values():
        if account.traits.names is not NameComparison.EXACT:
            _assert_folded(world, account, first)


def _assert_folded(world: World, account: Account, wanted: Mapping[str, object]) -> None:
    """Asserts P19 for a service to which several names are one: it lacks only what collides, and has nothing else."""
    fold = account.fold
    mine = {_folded(fold, path): value for path, value in projection(account).items()}
    groups: dict[str, list[object]] = {}
    for path, value in wanted.items():
        groups.setdefault(_folded(fold, path), []).append(value)
    for path, value in mine.items():
        # What was renamed elsewhere to a name that collides here keeps its old one, and what it was then.
        if value not in groups.get(path, []) and not world.collisions:
            raise Violation("P19", f"{account.name} has {path!r} as nobody else: {value!r}")
    for path, values in groups.items():
        above = [path.rsplit("/", cut)[0] for cut in range(1, path.count("/") + 1)]
        collides = len(values) > 1 or any(len(groups.get(part, [])) > 1 for part in above)
        if path not in mine and not collides and not world.collisions:
            raise Violation("P19", f"{account.name} lacks {path!r}, though nothing collides with it")
        if path not in mine and not world.collisions:
            raise Violation("P19", f"{account.name} lacks {path!r}, and nobody was told")


def _folded(fold: object, path: str) -> str:
    return "/".join(fold(part) for part in path.split("/"))  # type: ignore[operator]


def _assert_contents(world: World) -> None:
    """Asserts P12 and P23: nothing lies anywhere that no user has made."""
    made = set(world.created).union(*(account.adopted for account in world.accounts.values()))
    for account in world.accounts.values():
        for path, content in account.contents().items():
            if content is not None and content not in made:
                raise Violation("P12", f"{account.name} has {content!r} at {path!r}, which nobody has made")


def _assert_records(world: World) -> None:
    """Asserts P27 and P28 of the store."""
    core = world.core
    assert core is not None

    def work(transaction: object) -> tuple[list[str], list[str]]:
        report = examine_tree(transaction)  # type: ignore[arg-type]
        tree = list(report.faults)
        examine_derived(transaction, core.referee.scopes, report)  # type: ignore[arg-type]
        return tree, report.faults[len(tree) :]

    tree, derived = core.store.read(work)
    if tree:
        raise Violation("P27", "; ".join(tree))
    if derived:
        raise Violation("P28", "; ".join(derived))


def _assert_kind(world: World) -> None:
    """Asserts what follows from who did what."""
    kind, mutations = world.scenario.kind, world.mutations
    if kind is Who.ONE and not world.in_epilogue:
        copies = [path for account in world.accounts.values() for path in account.contents() if "(conflict " in path]
        name = "P13" if world.crashes else "P5"
        if copies or world.conflicts:
            raise Violation(name, f"one writer, and yet conflict copies: {copies}, {world.conflicts} told")
    if kind is Who.HARMLESS and not world.in_epilogue:
        deleted = [operation for operation in mutations if operation[1] is Action.DELETE]
        if deleted:
            raise Violation("P15" if world.halts else "P14", f"nobody has deleted anything, and yet: {deleted}")
    if kind is Who.EQUAL and not world.in_epilogue and (mutations or world.conflicts):
        raise Violation("P6", f"all services held the same, and yet: {mutations}, {world.conflicts} conflicts")


def projection(account: Account) -> dict[str, object]:
    """Returns what a service holds."""
    return {
        path: (item.kind, item.content, item.executable) if item.kind is not Kind.DIRECTORY else None
        for path, item in account.walk()
        if item.kind is not None
    }


def difference(one: Mapping[str, object], two: Mapping[str, object]) -> str:
    """Returns where two mappings differ."""
    keys = [key for key in {**one, **two} if one.get(key, "-") != two.get(key, "-")]
    return "; ".join(f"{key!r}: {one.get(key, '-')!r} / {two.get(key, '-')!r}" for key in keys[:6])


def _versions(world: World) -> dict[int, int]:
    """Returns the newest version of every entry; tombstones may go at any time."""
    assert world.core is not None
    return world.core.store.read(lambda transaction: {node.id: node.last for node in transaction.nodes()})


def _last(world: World) -> list[str]:
    return [line for line in world.trace if not line.startswith(" ")][-6:]
