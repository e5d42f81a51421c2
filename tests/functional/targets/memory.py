"""A service in the memory of its driver: edited through its control socket, or in its file while no driver runs."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from functools import partial
from pathlib import Path

from onitu_memory.tree import Tree

from onitu import conformance
from onitu.plug import Attributes, Kind
from tests.functional.harness import Onitu
from tests.functional.memory import Control
from tests.functional.processes import START, wait_until
from tests.functional.targets.target import MEBIBYTE, Target
from tests.functional.trees import Entry, digest_of

TASKS = {"read": ("get_file", "get_chunk"), "write": ("upload_file", "upload_chunk")}


class Memory(Target):
    """A service of the driver `memory`, which keeps its content in a file."""

    driver = "memory"
    large = 48 * MEBIBYTE

    def __init__(self, onitu: Onitu, name: str, **block: object) -> None:
        # Socket paths end at 107 bytes, and the setup's own directory is long.
        self._control = Control(onitu.temporary / f"{name}.control")
        self._file = onitu.directory / f"{name}.memory"
        super().__init__(onitu, name, **block)

    @classmethod
    def conformance(cls, place: Path) -> conformance.Target:
        options = {key: str(place / key) for key in ("control", "persist", "staging")}
        control = Control(place / "control")
        return conformance.Target.installed(cls.driver, options=options, behind=lambda folder: Visitor(control, folder))

    def options(self) -> dict[str, object]:
        return {"control": str(self._control.path), "persist": str(self._file)}

    def write(self, path: str, content: bytes) -> None:
        self._make_above(path)
        if self._running:
            self._control.ask("write", path=path, base64=b64encode(content).decode())
        else:
            self._change(lambda tree: tree.write(path, content))

    def append(self, path: str, content: bytes) -> None:
        # Nothing is appended to in memory: a longer content comes in its place, as in most services.
        self.write(path, self._content(path) + content)

    def make_directory(self, path: str) -> None:
        self._make_above(path)
        if self._running:
            self._control.ask("make_directory", path=path)
        else:
            self._change(lambda tree: tree.make_directory(path))

    def move(self, path: str, destination: str) -> None:
        self._make_above(destination)
        if self._running:
            self._control.ask("move", path=path, destination=destination)
        else:
            self._change(lambda tree: tree.move(path, destination))

    def delete(self, path: str) -> None:
        gone = [name for name in self.tree() if name == path or name.startswith(f"{path}/")]
        for name in sorted(gone, reverse=True):
            if self._running:
                self._control.ask("delete", path=name)
            else:
                self._change(partial(Tree.delete, path=name))

    def make_executable(self, path: str) -> None:
        if self._running:
            self._control.ask("make_executable", path=path)
        else:
            self._change(lambda tree: tree.set_attributes(path, Attributes(executable=True)))

    def tree(self) -> dict[str, Entry]:
        if self._running:
            return self._control.tree()
        return {
            path: Entry("directory")
            if entry.kind is Kind.DIRECTORY
            else Entry("file", digest_of(entry.content), executable=entry.executable, mtime_ns=entry.mtime_ns)
            for path, entry in self._kept().all()
        }

    def keep(self) -> None:
        if self._running:
            self._control.ask("save")

    def break_down(self) -> None:
        if self._running:
            self._control.ask("save")
            self._file.rename(self._unplugged)
            self._control.ask("crash")
        else:
            self._file.rename(self._unplugged)

    def mend(self) -> None:
        if self._running:
            # What the process without its content keeps when it ends is not what was unplugged.
            self._control.ask("crash")
        self._unplugged.replace(self._file)

    def corrupt(self, path: str, task: str) -> Callable[[], None]:
        for handler in TASKS[task]:
            self._control.ask("inject", task=handler, path=path, times=1_000, corrupt=True)

        def end() -> None:
            self._control.ask("clear")

        return end

    @property
    def _unplugged(self) -> Path:
        return self._file.with_suffix(".unplugged")

    @property
    def _running(self) -> bool:
        if not any(core.running for core in self.onitu.cores):
            return False
        wait_until(self._control.answers, f"the driver of {self.name} serves its control socket", units=START)
        return True

    def _kept(self) -> Tree:
        tree = Tree(lambda _path, _moved_from: None)
        tree.load(str(self._file))
        return tree

    def _change(self, change: Callable[[Tree], object]) -> None:
        tree = self._kept()
        change(tree)
        tree.save(str(self._file))

    def _make_above(self, path: str) -> None:
        above = path.rpartition("/")[0]
        if above and above not in self.tree():
            self.make_directory(above)

    def _content(self, path: str) -> bytes:
        if self._running:
            return self._control.content(path)
        entry = self._kept().find(path)
        assert entry is not None
        return entry.content


class Visitor(conformance.Backstage):
    """People who work in a folder behind the driver's back, for the conformance kit.

    Args:
        control: The control socket.
        folder: The folder's place below the service's root.
    """

    def __init__(self, control: Control, folder: str) -> None:
        self._control = control
        self._folder = folder

    def write(self, path: str, content: bytes) -> None:
        self._control.ask("write", path=self._below(path), base64=b64encode(content).decode())

    def make_directory(self, path: str) -> None:
        self._control.ask("make_directory", path=self._below(path))

    def move(self, path: str, destination: str) -> None:
        self._control.ask("move", path=self._below(path), destination=self._below(destination))

    def delete(self, path: str) -> None:
        self._control.ask("delete", path=self._below(path))

    def tear(self, path: str) -> None:
        self._control.ask("inject", task="list_directory", path=self._below(path), torn=True)

    def limit_rate(self, path: str) -> None:
        for task in ("get_file", "get_chunk"):
            self._control.ask("inject", task=task, path=self._below(path), error="RateLimited")

    def break_down(self) -> None:
        for task in ("list_directory", "stat_file", *TASKS["read"], *TASKS["write"], "end_upload"):
            self._control.ask("inject", task=task, times=1_000, error="Unavailable")

    def mend(self) -> None:
        self._control.ask("clear")

    def _below(self, path: str) -> str:
        return f"{self._folder}/{path}"


TARGET = Memory
