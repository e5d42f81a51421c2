"""Drive beside a local disk: what people do there and here meets, and costs no more than it must."""

from __future__ import annotations

import time

from tests.functional.google_drive.conftest import Pair
from tests.functional.processes import wait_until
from tests.functional.servers.google_drive.content import DOCUMENT, FOLDER, SHORTCUT, SPREADSHEET
from tests.functional.servers.google_drive.faults import Fault

#: Nanoseconds: Drive says when a file was made in whole ones.
MILLISECOND = 1_000_000

#: Requests that carry content.
CONTENT = ("upload.", "media.get")


def test_a_rename_moves_no_content(pair: Pair) -> None:
    """P29: files and directories that are renamed there or here stay the same files; not a byte of them is sent."""
    pair.disk.write("d/e/one.txt", b"one")
    pair.people.make_directory("far")
    pair.people.write("far/two.txt", b"two")
    core = pair.begin()
    pair.meet(core, {"d/e/one.txt": b"one", "far/two.txt": b"two"})
    ids = {pair.people.get("d/e/one.txt").id, pair.people.get("far/two.txt").id}
    before = pair.fake.faults.count(*CONTENT)
    pair.disk.move("d", "moved")
    pair.meet(core, {"moved/e/one.txt": b"one", "far/two.txt": b"two"})
    pair.people.move("far/two.txt", "moved/e/zwei.txt")
    pair.people.move("moved/e", "e")
    pair.meet(core, {"e/one.txt": b"one", "e/zwei.txt": b"two"})
    assert {pair.people.get("e/one.txt").id, pair.people.get("e/zwei.txt").id} == ids
    assert pair.fake.faults.count(*CONTENT) == before


def test_files_of_one_name_are_told_apart(pair: Pair) -> None:
    """P29: two contents of one name are two files here, and neither is renamed there; each can be changed."""
    people, content = pair.people, pair.fake.content
    people.write("letter.txt", b"first")
    first = people.get("letter.txt")
    now = time.time_ns() // MILLISECOND
    wait_until(lambda: time.time_ns() // MILLISECOND > now, "the second one is younger")
    second = content.create("letter.txt", parent=first.parent, content=b"second")
    core = pair.begin()
    derived = f"letter ({second.id[-8:]}).txt"
    disk = pair.onitu["disk"]
    core.wait_until(lambda: {path.name for path in disk.glob("*.txt")} == {"letter.txt", derived}, "both are here")
    assert ((disk / "letter.txt").read_bytes(), (disk / derived).read_bytes()) == (b"first", b"second")
    (disk / derived).write_bytes(b"second, changed here")
    core.wait_until(lambda: second.revisions[-1].content == b"second, changed here", "the right one is changed")
    third = content.create("letter.txt", parent=first.parent, content=b"third")
    core.wait_until((disk / f"letter ({third.id[-8:]}).txt").exists, "a third one is here")
    assert {first.name, second.name, third.name} == {"letter.txt"}
    content.trash(first)
    core.wait_until(lambda: (disk / "letter.txt").read_bytes() == b"second, changed here", "the names follow")
    core.wait_until(lambda: len(list(disk.glob("*.txt"))) == 2, "one is gone")
    assert not first.name.startswith("letter (")
    assert [one.content for one in first.revisions] == [b"first"]


def test_documents_are_left_alone(pair: Pair) -> None:
    """What has no content is reported with its reason, and what lies beside it is synchronised."""
    parent = pair.people.get("").id
    document = pair.fake.content.create("Letter", parent=parent, mime=DOCUMENT, document=b"docx")
    pair.fake.content.create("Way", parent=parent, mime=SHORTCUT, target=document.id)
    pair.people.write("file.txt", b"x")
    core = pair.begin()
    pair.meet(core, {"file.txt": b"x"})
    reasons = {event["path"]: event["reason"] for event in core.log.named("file_ignored")}
    assert "`export`" in reasons["Letter"]
    assert "shortcut" in reasons["Way"]


def test_documents_are_exported(pair: Pair) -> None:
    """An exported document is a file here; it follows, is exported once, and is not changed from here."""
    pair.onitu.services["far"]["export"] = "docs: docx, sheets: xlsx"
    parent = pair.people.get("").id
    letter = pair.fake.content.create("Letter", parent=parent, mime=DOCUMENT, document=b"docx")
    pair.fake.content.create("Table", parent=parent, mime=SPREADSHEET, document=b"xlsx")
    core = pair.begin()
    disk = pair.onitu["disk"]
    core.wait_until(lambda: {one.name for one in disk.glob("*.*x")} == {"Letter.docx", "Table.xlsx"}, "both are here")
    assert (disk / "Letter.docx").read_bytes() == b"docx"
    assert pair.fake.faults.count("drive.files.export") == 2
    letter.document = b"another docx"
    letter.modified = "2031-01-01T00:00:00.000Z"
    pair.fake.content.touch(letter)
    core.wait_until(lambda: (disk / "Letter.docx").read_bytes() == b"another docx", "it follows")
    (disk / "Table.xlsx").write_bytes(b"changed here")
    core.wait_until(lambda: "Table.xlsx" in core.log.failed_paths, "it is refused")
    core.stop()
    before = pair.fake.faults.count("drive.files.export")
    pair.begin()
    assert pair.fake.faults.count("drive.files.export") == before


def test_what_both_have_already_is_left_alone(pair: Pair) -> None:
    """P3: a folder that was in Drive and on the disk before: nothing moves, and an edit afterwards is an edit."""
    files = {f"{number % 3}/{number}.txt": b"content %d" % number for number in range(30)}
    for number in range(3):
        pair.people.make_directory(f"{number}")
    for path, content in files.items():
        pair.disk.write(path, content)
        pair.people.write(path, content)
    core = pair.begin()
    pair.disk.write("1/1.txt", b"from here")
    pair.people.write("2/2.txt", b"from there")
    pair.meet(core, files | {"1/1.txt": b"from here", "2/2.txt": b"from there"})
    for path in ("1/1.txt", "2/2.txt"):
        core.wait_for("transfer_finished", path=path)
    core.stop()
    assert not core.log.named("conflict_found")
    assert len(core.log.named("transfer_finished")) == 2


def test_a_quiet_start_costs_three_requests(pair: Pair) -> None:
    """Where nothing has changed, a start asks for a token, and three times for anything else at most."""
    for number in range(30):
        pair.disk.write(f"{number % 5}/{number}.txt", b"%d" % number)
    core = pair.begin()
    pair.meet(core)
    read = pair.fake.faults.count("drive.changes.list")
    core.wait_until(lambda: pair.fake.faults.count("drive.changes.list") > read + 3, "it is known how far it has come")
    core.stop()
    before = len(pair.fake.faults.asked)
    pair.onitu.services["far"]["changes_timer"] = 600
    pair.begin().stop()
    asked = [one.name for one in pair.fake.faults.asked[before:]]
    assert len([name for name in asked if name != "oauth.token"]) <= 3, asked


def test_who_writes_at_the_same_moment_loses_nothing(pair: Pair) -> None:
    """P9: what somebody wrote between the look and the writing is put beside the file, and comes here."""
    pair.disk.write("file.txt", b"first")
    core = pair.begin()
    file = pair.people.get("file.txt")
    theirs = Fault("upload.multipart", meanwhile=lambda: pair.fake.content.write(file, b"theirs"))
    pair.fake.faults.plan(theirs)
    pair.disk.write("file.txt", b"ours")
    core.wait_until(lambda: len(pair.disk.tree()) == 2, "both are here")
    assert pair.people.read("file.txt") == b"ours"
    beside = next(path for path in pair.disk.tree() if path != "file.txt")
    assert beside.startswith("file (conflict ")
    assert (pair.onitu["disk"] / beside).read_bytes() == b"theirs"


def test_a_root_in_the_trash_halts_the_service(pair: Pair) -> None:
    """P9: nothing is deleted here when the root goes to the trash there; taken out again it goes on."""
    pair.people.write("file.txt", b"x")
    core = pair.begin()
    pair.meet(core, {"file.txt": b"x"})
    root = pair.people.get("")
    pair.fake.content.trash(root)
    core.wait_for("service_halted", service="far", units=30)
    assert (pair.onitu["disk"] / "file.txt").exists()
    pair.fake.content.trash(root, into=False)
    pair.disk.write("more.txt", b"y")
    pair.meet(core, {"file.txt": b"x", "more.txt": b"y"})
    assert pair.people.get("").mime == FOLDER
