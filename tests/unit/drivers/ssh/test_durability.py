"""What has reached the server's disk, and when."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from onitu_ssh import driver, write
from onitu_ssh import protocol as p
from onitu_ssh.channel import Refused

from onitu.plug import Folder, Mode, RootState, Upload
from tests.unit.drivers.ssh.server import Server, There, opened


def _upload(path: str) -> Upload:
    return Upload(path=path, expected=None, size=1)


def _flushed(server: Server) -> list[str]:
    return [path for request, path in server.asked if request == p.FSYNC]


def test_a_name_leads_to_nothing_that_is_not_on_the_disk(tmp_path: Path) -> None:
    """P1, D4: the bytes are on the disk before the rename, of a new file, one that is replaced, and a copy."""

    async def run() -> None:
        server = Server()
        root, _ = await opened(tmp_path / "root", server)
        answer = await write.upload(root, _upload("a"), b"1")
        replacing = Upload(path="a", expected=answer.revision, size=1)
        answer = await write.upload(root, replacing, b"2")
        await write.copy(root, "a", str(answer.revision), "b")
        asked = [request for request, _ in server.asked if request in {p.FSYNC, p.RENAME, p.POSIX_RENAME}]
        assert asked == [p.FSYNC, p.RENAME, p.FSYNC, p.POSIX_RENAME, p.FSYNC, p.RENAME]

    asyncio.run(run())


def test_what_the_disk_does_not_take_is_not_published(tmp_path: Path) -> None:
    """P1, D4: a server that can wait for its disk and fails to makes nothing visible."""

    async def run() -> None:
        server = Server()
        root, _ = await opened(tmp_path / "root", server)
        server.decide = lambda request, _: p.FAILURE if request == p.FSYNC else None
        with pytest.raises(Refused):
            await write.upload(root, _upload("a"), b"1")

    asyncio.run(run())
    assert not (tmp_path / "root/a").exists()


def test_what_lies_in_a_moved_directory_is_synced_there(tmp_path: Path) -> None:
    """D4: what was written before its directory was moved is durable after the next `sync`."""

    async def run() -> None:
        server = Server()
        root, _ = await opened(tmp_path / "root", server)
        await write.make_directory(root, "d")
        await write.upload(root, _upload("d/a"), b"1")
        await write.move(root, "d", "directory", "e")
        server.asked.clear()
        await write.sync(root)
        assert str(tmp_path / "root/e/a") in _flushed(server)
        assert not root.unsynced
        assert not server.opened

    asyncio.run(run())


def test_what_cannot_be_opened_is_not_said_to_be_durable(tmp_path: Path) -> None:
    """D4, D8: a file that may not be opened is tried again; one that is gone is not."""

    async def run() -> None:
        server = Server()
        root, _ = await opened(tmp_path / "root", server)
        for path in ("a", "b", "c"):
            await write.upload(root, _upload(path), b"1")
        (tmp_path / "root/a").unlink()
        server.decide = lambda request, path: p.PERMISSION_DENIED if request == p.OPEN and path.endswith("/b") else None
        with pytest.raises(Refused):
            await write.sync(root)
        assert {"b", "c"} <= root.unsynced
        await asyncio.sleep(0)
        assert not server.opened
        server.decide = lambda *_: None
        await write.sync(root)
        assert not root.unsynced

    asyncio.run(run())


def test_a_pipe_in_the_place_of_a_file_is_not_opened(tmp_path: Path) -> None:
    """D8: opening a pipe would hold up everything else on the channel."""

    async def run() -> None:
        server = Server()
        root, _ = await opened(tmp_path / "root", server)
        await write.upload(root, _upload("a"), b"1")
        (tmp_path / "root/a").unlink()
        os.mkfifo(tmp_path / "root/a")
        server.asked.clear()
        await write.sync(root)
        assert p.OPEN not in [request for request, _ in server.asked]

    asyncio.run(run())


def test_a_folder_that_is_opened_anew_forgets_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """D4: what was written before a folder is opened once more is durable after the next `sync`."""
    there = tmp_path / "root"
    there.mkdir()
    options = {"hostname": "h", "root": str(there)}
    said = SimpleNamespace(info=lambda *_, **__: None)
    plug = SimpleNamespace(options=options, setup_id="s", service_name="nas", declare=lambda **_: None, logger=said)
    folder = Folder(name="docs", mode=Mode.READ | Mode.WRITE)
    monkeypatch.setattr(driver, "plug", plug)

    async def run() -> None:
        server = Server()
        monkeypatch.setattr(driver, "Connection", lambda _login: There(server))
        first = await driver.open_folder(folder)
        assert first.root_state is RootState.OK
        await write.upload(driver._roots["docs"], _upload("a"), b"1")
        again = Folder(name="docs", mode=folder.mode, root_id=first.root_id)
        assert (await driver.open_folder(again)).root_state is RootState.OK
        server.asked.clear()
        await write.sync(driver._roots["docs"])
        assert _flushed(server) == [str(there / "a")]

    try:
        asyncio.run(run())
    finally:
        driver._roots.clear()
        driver._connections.clear()
