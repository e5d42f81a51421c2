"""Permissions that are taken away and given back (P14, P25)."""

from __future__ import annotations

from tests.functional.harness import UNPRIVILEGED, Setups
from tests.functional.trees import fill, write


def test_an_unreadable_file_is_a_reported_error_of_that_path(new_setup: Setups) -> None:
    """Bullet 7, P25: it stops nothing else, is no deletion, and is copied once it can be read."""
    onitu = new_setup("a", "b")
    fill(onitu["a"] / "others", 1, files=40)
    write(onitu["a"] / "known.txt", "read before")
    onitu.once(wrapper=UNPRIVILEGED)
    write(onitu["a"] / "secret.txt", "cannot be read").chmod(0)
    write(onitu["a"] / "known.txt", "changed, and cannot be read").chmod(0)
    write(onitu["a"] / "new.txt", "can be read")
    run = onitu.once(expect=None, wrapper=UNPRIVILEGED)

    ignored = {event["path"] for event in run.log.named("file_ignored")}
    assert run.log.failed_paths | ignored == {"secret.txt", "known.txt"}
    assert (onitu["b"] / "new.txt").exists()
    assert (onitu["b"] / "known.txt").read_text() == "read before"
    for name in ("secret.txt", "known.txt"):
        (onitu["a"] / name).chmod(0o644)
    onitu.once(wrapper=UNPRIVILEGED)
    assert onitu.apart() == []


def test_an_unreadable_directory_is_no_deletion_of_what_is_in_it(new_setup: Setups) -> None:
    """P14, G9: a directory that cannot be listed is unknown; what was known in it stays everywhere."""
    onitu = new_setup("a", "b")
    fill(onitu["a"] / "closed", 1, files=40)
    fill(onitu["a"] / "open", 2, files=40)
    onitu.once(wrapper=UNPRIVILEGED)
    before = onitu.tree("b")
    (onitu["a"] / "closed").chmod(0)
    write(onitu["a"] / "open/new.txt", "goes on")
    onitu.once(expect=None, wrapper=UNPRIVILEGED)

    assert onitu.tree("b").keys() == before.keys() | {"open/new.txt"}
    (onitu["a"] / "closed").chmod(0o755)
    onitu.once(wrapper=UNPRIVILEGED)
    assert onitu.apart() == []


def test_a_directory_that_cannot_be_written_is_an_error_of_its_paths(new_setup: Setups) -> None:
    """P25: what cannot be written there is reported; the rest goes on, and it is written when it may be."""
    onitu = new_setup("a", "b")
    write(onitu["a"] / "closed/file.txt", "before")
    onitu.once(wrapper=UNPRIVILEGED)
    (onitu["b"] / "closed").chmod(0o555)
    write(onitu["a"] / "closed/new.txt", "cannot be written")
    write(onitu["a"] / "open.txt", "can be written")
    run = onitu.once(expect=1, wrapper=UNPRIVILEGED)

    assert run.log.failed_paths == {"closed/new.txt"}
    assert (onitu["b"] / "open.txt").exists()
    (onitu["b"] / "closed").chmod(0o755)
    onitu.once(wrapper=UNPRIVILEGED)
    assert onitu.apart() == []


def test_permissions_are_taken_away_and_given_back_while_running(new_setup: Setups) -> None:
    """P1, P14, P25: what cannot be entered is neither deleted nor overwritten; what was done meanwhile is caught up."""
    onitu = new_setup("a", "b")
    fill(onitu["a"] / "closed", 1, files=40)
    fill(onitu["a"] / "open", 2, files=10)
    core = onitu.serve(wrapper=UNPRIVILEGED)
    onitu.converge(core)
    before = onitu.tree("b")
    for name in ("a", "b"):
        closed = onitu[name] / "closed"
        closed.chmod(0)
        write(closed / f"written while closed on {name}.txt", f"by somebody who may, on {name}")
        write(onitu[name] / f"open/written meanwhile on {name}.txt", "goes on")
        other = "b" if name == "a" else "a"
        core.wait_until((onitu[other] / f"open/written meanwhile on {name}.txt").exists, "the rest goes on")
        assert before.keys() <= onitu.tree("a").keys()
        assert before.keys() <= onitu.tree("b").keys()
        closed.chmod(0o755)
        onitu.converge(core)

    made = {f"closed/written while closed on {name}.txt" for name in "ab"}
    assert made <= onitu.tree("a").keys()
    assert core.stop() == 0


def test_a_root_that_cannot_be_written_catches_up(new_setup: Setups) -> None:
    """P14, P25: a service whose root may only be read for a while says so, loses nothing, and delays nobody."""
    onitu = new_setup("a", "b", "c")
    fill(onitu["a"], 1, files=30)
    onitu.once(wrapper=UNPRIVILEGED)
    core = onitu.serve(wrapper=UNPRIVILEGED)
    onitu["b"].chmod(0o555)
    write(onitu["a"] / "new.txt", "cannot be written on b")
    core.wait_until((onitu["c"] / "new.txt").exists, "the others go on")
    core.wait_until(
        lambda: any(
            event.get("path") == "new.txt"
            for name in ("path_failed", "transfer_aborted")
            for event in core.log.named(name, service="b")
        ),
        "it is said of b",
    )
    assert not (onitu["b"] / "new.txt").exists()
    onitu["b"].chmod(0o755)
    write(onitu["c"] / "later.txt", "made once b may be written again")
    onitu.converge(core, units=30)

    assert core.stop() == 0
