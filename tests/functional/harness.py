"""A setup in a directory of its own, and everything a person would do with it.

The tests see Onitu as a user does: a setup file, a command line, directories, a log. They import nothing of it.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import yaml

from tests.functional.processes import REACTION, RUN, START, Core, Log
from tests.functional.trees import HIDDEN, Tree, differences, snapshot

FOLDER = "docs"
STAGING = f"{HIDDEN}/tmp/"  # noqa: S108 - Where the driver for local disks puts what is not yet whole.
#: Root may read and write everything; these make it obey permissions like everybody else.
UNPRIVILEGED = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search") if os.geteuid() == 0 else ()


def in_mode(mode: str, /, **options: object) -> dict[str, Any]:
    """Describes a local service whose folder has a mode.

    Args:
        mode: CONTRACT B7.
        options: Further keys of the service.

    Returns:
        A block for `Onitu`.
    """
    return {"folders": {FOLDER: {"path": ".", "mode": mode}}, **options}


class Onitu:
    """One setup: its file, its data directory, its services.

    `services`, `folders` and `rules` are the blocks of the setup file, `environment` is added to that of a run; a test
    may change them between two runs.

    Args:
        directory: Where everything of it goes.
        services: Name to block; what is missing in a block makes it a local one that maps `docs` at its root.
    """

    def __init__(self, directory: Path, services: Mapping[str, Mapping[str, Any]]) -> None:
        self.directory = directory
        self.file = directory / "onitu.yaml"
        self.data = directory / "data"
        self.folders: dict[str, Any] = {FOLDER: None}
        self.services: dict[str, dict[str, Any]] = {}
        self.rules: list[dict[str, Any]] | None = None
        #: Further keys at the top of the setup.
        self.further: dict[str, Any] = {}
        self.cores: list[Core] = []
        #: What else ends with the setup: servers that a service needs, mounts.
        self.closing = ExitStack()
        self.environment: dict[str, str] = {}
        # Socket paths end at 107 bytes, and pytest's directories are long.
        self.temporary = Path(tempfile.mkdtemp(prefix="onitu-test-"))
        for name, block in services.items():
            self.add(name, **block)

    def add(self, name: str, **block: Any) -> Path:  # noqa: ANN401 - a piece of YAML.
        """Adds a service.

        Args:
            name: Its name.
            block: As in `services`.

        Returns:
            Its root; made, if it is a local one.
        """
        self.services[name] = {"driver": "local_storage", "folders": {FOLDER: {"path": "."}}, **block}
        root = self[name]
        if self.services[name]["driver"] == "local_storage":
            self.services[name].setdefault("root", str(root))
            root.mkdir(parents=True, exist_ok=True)
        return root

    def __getitem__(self, name: str) -> Path:
        return self.directory / "roots" / name

    @property
    def local(self) -> list[str]:
        """Names of the local services, in order."""
        return [name for name, block in self.services.items() if block["driver"] == "local_storage"]

    def tree(self, name: str) -> dict[str, Any]:
        """Looks at what a service holds, as `trees.snapshot` does."""
        return snapshot(self[name])

    def write_setup(self) -> None:
        """Writes the setup file."""
        setup: dict[str, Any] = {"name": "Functional test", "folders": self.folders, "services": self.services}
        if self.rules is not None:
            setup["rules"] = self.rules
        setup |= self.further
        self.file.write_text(yaml.safe_dump(setup, allow_unicode=True, sort_keys=False), "utf-8")

    def command(self, *arguments: str) -> list[str]:
        """Builds a command line.

        Args:
            arguments: The subcommand and its arguments.

        Returns:
            The whole.
        """
        return [sys.executable, "-m", "onitu", *arguments]

    def start(self, *arguments: str, wrapper: tuple[str, ...] = (), setup: bool = True) -> Core:
        """Starts `onitu serve` on this setup.

        Args:
            arguments: Further arguments.
            wrapper: A command to run it under.
            setup: Whether the setup file is written first.

        Returns:
            The process, which may still be coming up.
        """
        if setup:
            self.write_setup()
        place = ("-c", str(self.file), "--data-dir", str(self.data), "--log-format", "json")
        # Many cores run at once here, and one port is one core's.
        port = () if "--once" in arguments or "--port" in arguments else ("--port", "0")
        return self.run("serve", *place, *port, *arguments, wrapper=wrapper)

    def run(self, *arguments: str, wrapper: tuple[str, ...] = ()) -> Core:
        """Starts `onitu` with these arguments and nothing else.

        Args:
            arguments: The subcommand and its arguments.
            wrapper: A command to run it under.

        Returns:
            The process.
        """
        log = self.directory / f"run-{len(self.cores) + 1}.log"
        core = Core([*wrapper, *self.command(*arguments)], self._environment(), log)
        self.cores.append(core)
        return core

    def _environment(self) -> dict[str, str]:
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("ONITU_", "XDG_"))}
        return {**inherited, "HOME": str(self.directory / "home"), "TMPDIR": str(self.temporary), **self.environment}

    def once(self, *arguments: str, expect: int | None = 0, wrapper: tuple[str, ...] = ()) -> Core:
        """Runs `onitu serve --once` to its end.

        Args:
            arguments: Further arguments.
            expect: The exit code it must end with; None takes 0 and 1.
            wrapper: A command to run it under.

        Returns:
            The ended process, with its log.
        """
        core = self.start("--once", *arguments, wrapper=wrapper)
        code = core.wait(RUN)
        assert code in ({0, 1} if expect is None else {expect}), f"exit code {code}\n{core.output}\n{core.log.tail()}"
        return core

    def serve(self, *arguments: str, wrapper: tuple[str, ...] = ()) -> Core:
        """Starts the daemon and waits until it has nothing to do.

        Args:
            arguments: Further arguments.
            wrapper: A command to run it under.

        Returns:
            The running process.
        """
        core = self.start(*arguments, wrapper=wrapper)
        core.wait_for("settled", units=START)
        return core

    def apart(self, *names: str) -> list[str]:
        """Says how services differ from the first of them.

        Args:
            names: Which; all local ones by default.

        Returns:
            One line per difference, none when all hold the same.
        """
        first, *others = names or tuple(self.local)
        expected = self.tree(first)
        return [f"{name}: {line}" for name in others for line in differences(expected, self.tree(name))]

    def converge(self, core: Core, *names: str, units: float = REACTION) -> None:
        """Waits until services hold the same.

        Args:
            core: The running core.
            names: Which; all local ones by default.
            units: The deadline.
        """
        what = f"{names or 'all services'} hold the same"
        core.wait_until(lambda: not self.apart(*names), what, units=units)

    def converge_but(self, core: Core, paths: set[str], *, units: float = REACTION) -> None:
        """Waits until the local services hold the same but for some paths.

        Args:
            core: The running core.
            paths: Those that do not count.
            units: The deadline.
        """

        def apart() -> bool:
            first, *others = (
                {path: e for path, e in self.tree(name).items() if path not in paths} for name in self.local
            )
            return any(differences(first, other) for other in others)

        core.wait_until(lambda: not apart(), f"all services hold the same but for {paths}", units=units)

    def holds(self, core: Core, name: str, tree: Tree, units: float = REACTION) -> None:
        """Waits until a service holds exactly a tree.

        Args:
            core: The running core.
            name: The service.
            tree: What it should hold.
            units: The deadline.
        """
        core.wait_until(lambda: not differences(tree, self.tree(name)), f"{name} holds the tree", units=units)

    def staged(self) -> list[str]:
        """Lists what lies in the staging places of the local services.

        Returns:
            Their paths.
        """
        return [
            f"{name}: {path}"
            for name in self.local
            for path in snapshot(self[name], hidden=True)
            if path.startswith(STAGING)
        ]

    def retained(self, name: str) -> dict[str, Any]:
        """Looks at what a local service keeps hidden: replaced and deleted content among it.

        Args:
            name: The service.

        Returns:
            The tree of its `.onitu`.
        """
        return snapshot(self[name] / HIDDEN)

    @property
    def logs(self) -> Iterator[Log]:
        """The log of every run, for the report of a failure."""
        return (core.log for core in self.cores)

    def close(self) -> None:
        """Ends what is still running, and waits until nothing of it is left."""
        for core in self.cores:
            core.kill_all()
            core.wait_for_drivers()
        self.closing.close()
        for leftover in sorted(self.temporary.rglob("*"), reverse=True):
            leftover.rmdir() if leftover.is_dir() else leftover.unlink()
        self.temporary.rmdir()


class Setups:
    """Makes setups for a test, or for the tests of a module, and ends them.

    Args:
        directory: Where they go.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._made: list[Onitu] = []

    def __call__(self, *names: str, **services: Mapping[str, Any]) -> Onitu:
        """Makes a setup.

        Args:
            names: Local services that read and write.
            services: Others, as blocks of the setup file.

        Returns:
            The setup, with empty roots.
        """
        place = self._directory / f"setup-{len(self._made) + 1}"
        place.mkdir()
        self._made.append(Onitu(place, {**{name: {} for name in names}, **services}))
        return self._made[-1]

    @property
    def logs(self) -> Iterator[Log]:
        """The log of every run, for the report of a failure."""
        return (log for onitu in self._made for log in onitu.logs)

    def close(self) -> None:
        """Ends every run of every setup."""
        for onitu in self._made:
            onitu.close()
