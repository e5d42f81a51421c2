"""The root of one folder: paths there, what is looked at, and what is made sure of first. Nothing is changed here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onitu.plug import Absent, Inadmissible, Kind, NotFound, Present, RevisionMismatch, Unavailable

from .entries import check_name, state_of, tag_of
from .tree import State, Tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .api import Api
    from .groups import Groups


class Root:
    """A folder's root.

    Args:
        api: Where to ask.
        path: As Dropbox has it: "" or beginning with "/".
        id: Of the folder; "" for the root of everything.
        groups: What commits and deletes many at once.

    Attributes:
        api: Where to ask.
        path: As Dropbox has it.
        id: Of the folder.
        groups: What commits and deletes many at once.
        tree: What is known of it.
    """

    def __init__(self, api: Api, path: str, id: str, groups: Groups) -> None:  # noqa: A002  Its own word.
        self.api = api
        self.path = path
        self.id = id
        self.groups = groups
        self.tree = Tree(api, path)

    def at(self, path: str) -> str:
        """Returns a path of the folder as Dropbox has it."""
        return f"{self.path}/{path}" if path else self.path

    def target(self, path: str) -> str:
        """Returns where something is to be written.

        Raises:
            InvalidPath: Dropbox takes no such name.
        """
        return self.at(check_name(path))

    def look(self, path: str) -> dict[str, Any] | None:
        """Returns what Dropbox says of a path; None where nothing is."""
        return look(self.api, self.at(path))

    def observe(self, path: str) -> State | Absent:
        """Returns what is at a path."""
        found = self.look(path)
        if found is None:
            return Absent()
        state = state_of(found)
        if isinstance(state, Present) and state.kind is Kind.DIRECTORY:
            self.tree.remember(path, there=True)
        return state

    def entries(self, path: str) -> Iterator[tuple[str, State]]:
        """Yields the entries of a directory: from the listing of everything, else listed by itself.

        Raises:
            NotFound: There is no such directory.
            Unavailable: The root is gone.
        """
        if not path and not self.tree.is_fresh:
            self.begin()
        for _ in self.tree.complete():
            pass
        found = self.tree.take(path)
        yield from self._listed(path) if found is None else found

    def begin(self) -> None:
        """Begins to list everything.

        Raises:
            Unavailable: The root is gone, or another one.
        """
        try:
            own = self.tree.begin()
        except NotFound as error:
            raise Unavailable(f"{self.path or '/'} is not there any more") from error
        if own is not None and str(own.get("id", "")) != self.id:
            raise Unavailable(f"{self.path} is not the folder any more that it was")

    def _listed(self, path: str) -> Iterator[tuple[str, State]]:
        page = self.api.ask("files/list_folder", {"path": self.at(path)}, about=path)
        while True:
            for entry in page["entries"]:
                if tag_of(entry) != "deleted":
                    state, name = state_of(entry), str(entry["name"])
                    if isinstance(state, Present) and state.kind is Kind.DIRECTORY:
                        self.tree.remember(f"{path}/{name}" if path else name, there=True)
                    yield name, state
            if not page["has_more"]:
                return
            page = self.api.ask("files/list_folder/continue", {"cursor": page["cursor"]}, about=path)

    # Expectations.

    def require_above(self, path: str) -> None:
        """Makes sure that the directory is there in which something is to be: Dropbox would make it.

        Raises:
            NotFound: It is not.
        """
        above = path.rpartition("/")[0]
        if not above or self.tree.knows(above):
            return
        found = self.observe(above)
        if not isinstance(found, Present) or found.kind is not Kind.DIRECTORY:
            raise NotFound(f"{above}: there is no such directory")

    def require(self, path: str, revision: str) -> Present:
        """Returns what is expected at a path.

        Raises:
            RevisionMismatch: Something else is there, or nothing.
        """
        found = self.observe(path)
        if isinstance(found, Absent | Inadmissible) or found.revision != revision:
            raise RevisionMismatch(f"{path}: another revision is there, or nothing")
        return found

    def changed(self, path: str) -> None:
        """Notes that something was changed at a path: what was listed there is not looked at any more."""
        self.tree.drop(path)


def look(api: Api, path: str) -> dict[str, Any] | None:
    """Returns what Dropbox says of a path that it has; None where nothing is."""
    try:
        return api.ask("files/get_metadata", {"path": path}, about=path)
    except NotFound:
        return None
