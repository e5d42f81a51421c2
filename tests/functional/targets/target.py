"""What the driver tests ask of a driver's author: how to make a service of it, and how a user works there.

A target stands for one service of a setup and for the people who use it without knowing of Onitu. It knows its service
and the setup it belongs to, and nothing of what a test wants to show.
"""

from __future__ import annotations

import abc
import enum
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from onitu import conformance
from tests.functional.harness import FOLDER, Onitu
from tests.functional.processes import REACTION
from tests.functional.trees import Entry, below

MEBIBYTE = 1024 * 1024


class Ability(enum.Enum):
    """What not every service, or not every target, can do: a test that needs it is skipped with the reason given."""

    EDIT_OFFLINE = "users change things there while no driver runs"
    EMPTY_DIRECTORIES = "a directory stands there with nothing in it"
    EXECUTABLE = "a file there is executable or not"
    BACKSLASH = "a name there may have a backslash"
    RENAME = "users rename there, and the service says that it is the same entry"
    BREAK = "the target can take the service away and bring it back"
    CORRUPT = "the target can have the service send other bytes than it announced"


class Target(abc.ABC):
    """One service of a setup, and its users. Paths are below the root of the service, with "/".

    A subclass says what `options` and the methods for users are; whatever it starts for it (a server, a mount) goes
    onto `onitu.closing` and so ends with the test.

    Args:
        onitu: The setup that the service is added to.
        name: Name of the service.
        block: Further keys of its block in the setup file, such as `folders`.
    """

    #: Name of the driver, as in the setup file.
    driver: ClassVar[str]

    #: What it cannot do, each with the reason that is shown where a test is skipped for it.
    unable: ClassVar[Mapping[Ability, str]] = {}

    #: Bytes of a large file: more than fits into one message, and than is buffered on the way.
    large: ClassVar[int] = 24 * MEBIBYTE

    #: Units of time until a change there is noticed and carried over; more for a driver that polls.
    reaction: ClassVar[float] = REACTION

    def __init__(self, onitu: Onitu, name: str, **block: Any) -> None:  # noqa: ANN401 - a piece of YAML.
        self.onitu = onitu
        self.name = name
        onitu.add(name, **{"driver": self.driver, "folders": {FOLDER: {"path": "."}}, **self.options(), **block})

    def options(self) -> dict[str, object]:
        """Returns the options that a service of this driver needs."""
        return {}

    @classmethod
    @abc.abstractmethod
    def conformance(cls, place: Path) -> conformance.Target:
        """Returns a fresh service for the conformance kit, which knows no core and no setup.

        Args:
            place: A directory for whatever the service needs.
        """

    @abc.abstractmethod
    def write(self, path: str, content: bytes) -> None:
        """Writes a file, in place of one that is there, and makes the directories above it."""

    @abc.abstractmethod
    def append(self, path: str, content: bytes) -> None:
        """Makes a file longer."""

    @abc.abstractmethod
    def make_directory(self, path: str) -> None:
        """Makes an empty directory, and those above it."""

    @abc.abstractmethod
    def move(self, path: str, destination: str) -> None:
        """Renames a file or a directory, and makes the directories above its new place."""

    @abc.abstractmethod
    def delete(self, path: str) -> None:
        """Deletes a file, or a directory with everything in it."""

    @abc.abstractmethod
    def tree(self) -> dict[str, Entry]:
        """Looks at everything there, without what Onitu keeps there for itself."""

    def below(self, place: str) -> dict[str, Entry]:
        """Looks at what lies below a directory, by path relative to it: no more of a service than a test asks about."""
        return below(self.tree(), place)

    def make_executable(self, path: str) -> None:
        """Lets a file be executed (`Ability.EXECUTABLE`)."""
        raise NotImplementedError(path)

    def keep(self) -> None:  # noqa: B027 - most services keep everything anyway.
        """Makes sure that what people have done outlives the driver's process, which is about to be killed."""

    def break_down(self) -> None:
        """Takes the service away, as when a disk is unplugged or a network is down (`Ability.BREAK`)."""
        raise NotImplementedError

    def mend(self) -> None:
        """Brings it back as it was."""
        raise NotImplementedError

    def corrupt(self, path: str, task: str) -> Callable[[], None]:
        """Has the service pass on other bytes than announced (`Ability.CORRUPT`).

        Args:
            path: Of the file.
            task: "read" or "write".

        Returns:
            Ends it.
        """
        raise NotImplementedError(path, task)

    def staged(self) -> list[str]:
        """Lists what lies in places that Onitu uses for what is not yet whole; none where that cannot be seen."""
        return []
