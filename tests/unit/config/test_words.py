"""What a setup says is read the same again after it went through JSON, as a service does that is shown and put."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from onitu.config.document import item_of, parse_document
from onitu.config.faults import Faults
from onitu.config.read import read_setup
from onitu.config.values import DriverCommand, Setup
from onitu.config.words import rules_words, service_words, setup_words

FILE = Path("/onitu.yaml")

#: What YAML takes for a number, true or false, everywhere where it may stand.
ODD = """
name: 007
data-dir: 0x10
folders:
  docs: {blacklist: [1.50, yes], max-size: 1_000}
  "0x7": {mode: r, whitelist: 007}
services:
  "007":
    driver: {command: [prog, 0x10, 010, yes, 1.0]}
    serial: "007"
    port: 0x1F
    tls: yes
    options: {ratio: 1.50, key: {env: 0777}, pin: '1_0'}
    min-size: 010
    velocity: 0.50
    bandwidth: {up: {22:00-23:00: 1_000, otherwise: 010}}
    schedule: [mon, "22:00-06:00"]
    folders: {docs: 007, "0x7": {path: 1.0, conflict: {prefer: [007]}, keep: {days: 010, size: 1_0}, depth: 010}}
  other: {driver: 017, folders: {docs: yes}, type: [text], conflict: newest}
rules:
- {match: {extension: [007, 010], size: {min: 010, max: 1_000}}, sync: [007]}
notify:
- command: [prog, 010]
api: {port: 0x1000, token: {file: 010}}
"""


def through_json(value: object) -> Any:  # noqa: ANN401 - JSON
    """Returns what a value is on the other side."""
    return msgspec.json.decode(msgspec.json.encode(value))


def read(words: object) -> Setup:
    """Returns the setup that words are."""
    faults = Faults()
    setup = read_setup(item_of(words, str(FILE)), FILE, faults)
    assert not faults.found
    return setup


def test_a_setup_reads_the_same_again() -> None:
    """B3, B11, E15: texts that look like numbers stay texts, and numbers numbers, however they were spelled."""
    faults = Faults()
    top = parse_document(ODD, str(FILE), faults)
    assert top is not None
    setup = read_setup(top, FILE, faults)
    assert not faults.found

    words = through_json(setup_words(top))
    again = read(words)

    for name in ("name", "data_dir", "folders", "services", "rules", "api", "notify"):
        assert getattr(again, name) == getattr(setup, name), name
    assert again.services["007"].folders["docs"].path == "007"
    assert again.services["007"].options["serial"] == "007"
    assert again.services["007"].options["port"] == 31
    assert words == through_json(setup_words(item_of(words, "")))


#: Files beside the setup.
BESIDE = """
name: x
services:
  one: {driver: {command: [./driver, ./argument]}}
  two: {driver: {address: "unix:run/socket"}}
  three: {driver: {address: "nas:1", tls: {ca: ca.pem, certificate: c.pem, key: ~/k.pem}}}
notify: [{command: [./tell]}]
"""


def test_files_lie_beside_the_setup_wherever_its_words_come_from() -> None:
    """B3, E15: what the API has put names the same programs and certificates as the file."""
    faults = Faults()
    top = parse_document(BESIDE, str(FILE), faults)
    assert top is not None
    setup = read_setup(top, FILE, faults)

    again = read_setup(item_of(setup_words(top), "services put by the API"), FILE, faults)

    assert not faults.found
    assert again.services == setup.services
    assert again.notify == setup.notify
    assert setup.services["one"].driver == DriverCommand(argv=("/driver", "./argument"))


def test_parts_read_the_same_as_the_whole() -> None:
    """E15: a service and rules are shown as the whole setup has them."""
    top = parse_document(ODD, str(FILE), Faults())
    assert top is not None
    assert isinstance(top.value, dict)
    words: Any = setup_words(top)
    services = top.value["services"].value
    assert isinstance(services, dict)

    assert service_words(services["007"]) == words["services"]["007"]
    assert rules_words(top.value["rules"]) == words["rules"]


def test_what_is_no_map_stays_what_it_is() -> None:
    """B16: a service that is none is refused when it is read, not here."""
    for value in (None, "text", 7, ["list"], {"folders": 7, "options": None}):
        assert service_words(item_of(value, "x")) == value
    assert rules_words(item_of(None, "x")) is None
