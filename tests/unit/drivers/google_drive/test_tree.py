"""What is known of a folder in Drive: paths made of ids, whatever the order in which things are seen."""

from __future__ import annotations

from onitu_google_drive.items import FOLDER, Item
from onitu_google_drive.names import derived_name, shown_names
from onitu_google_drive.tree import Tree

ROOT = "root-id"


def item(name: str, *, parent: str = ROOT, version: int = 1, created: str = "2031", trashed: bool = False) -> Item:
    """Returns a file, whose id is made of its name and when it was made."""
    mime = FOLDER if name.startswith("d") else "text/plain"
    return Item(
        id=f"id-of-{name}-{created}",
        name=name,
        mime=mime,
        parent=parent,
        version=version,
        created=created,
        trashed=trashed,
    )


def tree(*items: Item) -> Tree:
    """Returns what is known after these were seen."""
    made = Tree(ROOT, lambda one: one.name)
    for one in items:
        made.put(one)
    return made


def renamed(before: Item, name: str, *, version: int) -> Item:
    """Returns a file under another name."""
    return Item(id=before.id, name=name, mime=before.mime, parent=before.parent, version=version, created="2031")


def test_the_oldest_keeps_the_name() -> None:
    """P29: names of one folder are distinct, and the same whatever the order; nobody else's name is taken."""
    first, second, third = (item("a.txt", created=year) for year in ("2031", "2032", "2033"))
    other = item(derived_name("a.txt", second.id[-8:]))
    everything = [first, second, third, other]
    names = shown_names((one, one.name) for one in everything)
    assert names == shown_names((one, one.name) for one in reversed(everything))
    assert names[first.id] == "a.txt"
    assert names[other.id] == "a (txt-2032).txt"
    assert names[second.id] == f"a ({second.id}).txt"
    assert names[third.id] == "a (txt-2033).txt"
    assert derived_name("no extension", "x") == "no extension (x)"
    assert derived_name(".hidden", "x") == ".hidden (x)"


def test_an_older_look_changes_nothing() -> None:
    """P29: what was seen earlier and comes later neither renames a file back nor brings one back that is gone."""
    old = item("a", version=3)
    known = tree(old, renamed(old, "b", version=5))
    known.put(renamed(old, "a", version=4))
    assert (known.find("a"), known.find("b")) == (None, old.id)
    known.remove(old.id, 7)
    known.put(renamed(old, "b", version=6))
    assert known.find("b") is None
    known.put(renamed(old, "b", version=8))
    assert known.find("b") == old.id


def test_what_is_told_follows_its_directory() -> None:
    """P29: the path that the core knows is that of the directory it was told of last."""
    directory = item("d")
    inside = item("a", parent=directory.id)
    known = tree(directory, inside)
    known.tell(directory.id)
    known.tell(inside.id)
    known.put(renamed(directory, "dd", version=2))
    assert (known.told_path(inside.id), known.path_of(inside.id)) == ("d/a", "dd/a")
    assert not known.is_told(directory.id)
    known.tell(directory.id)
    assert known.told_path(inside.id) == "dd/a"
    known.untell(directory.id)
    assert known.told_path(inside.id) is None


def test_a_listing_takes_away_what_it_does_not_show() -> None:
    """P29: what came in while it was taken stays, though it is not in it."""
    gone, stays = item("a"), item("b")
    known = tree(gone, stays)
    since = known.stamp
    late = item("c")
    known.put(late)
    known.note_listed(ROOT, [stays.id], since)
    assert {name for name, _ in known.children(ROOT)} == {"b", "c"}
    assert known.is_listed(ROOT)
    known.unlist()
    assert not known.is_listed(ROOT)


def test_what_is_in_the_trash_or_elsewhere_does_not_lie_here() -> None:
    """P29: with a directory goes what lies in it."""
    directory = item("d")
    inside = item("a", parent=directory.id)
    known = tree(directory, inside, item("x", parent="another folder"))
    assert not known.knows("id-of-x-2031")
    known.put(item("d", version=2, trashed=True))
    assert (known.find("d"), known.get(inside.id)) == (None, None)


def test_a_name_that_is_free_again_is_taken() -> None:
    """P29: when the oldest goes, the next one is told under the plain name."""
    first, second = item("a", created="2031"), item("a", created="2032")
    known = tree(first, second)
    for one in (first, second):
        known.tell(one.id)
    known.remove(first.id, 2)
    assert known.shown_otherwise(ROOT) == [second.id]
    assert (known.told_path(second.id), known.path_of(second.id)) == (f"a ({second.id[-8:]})", "a")
