"""A driver that waits to be dialled serves one configuration (CONTRACT W2)."""

from __future__ import annotations

import pytest

from onitu.errors import RevisionMismatch, Unavailable
from onitu.plug.dialled import DialledServicer
from onitu.rpc.gen import driver_pb2
from tests.unit.plug.serving import MANIFEST
from tests.unit.plug.toy import READING, Toy


@pytest.fixture
def servicer() -> DialledServicer:
    """A driver that was configured with generation 5."""
    plug = Toy(*READING).plug
    plug.generation = 0
    made = DialledServicer(plug, MANIFEST)
    made.configure(settings(5))
    return made


def settings(generation: int) -> driver_pb2.ConfigureRequest:
    """Returns the settings of a service without folders."""
    request = driver_pb2.ConfigureRequest(service="toy", setup_id="setup", generation=generation)
    request.options.update({"depth": 3})
    return request


def test_a_newer_configuration_begins_anew(servicer: DialledServicer) -> None:
    """W2: who comes with a greater generation has to come once more, to the next process."""
    assert not servicer.over.is_set()
    with pytest.raises(Unavailable, match="begins anew"):
        servicer.configure(settings(6))

    assert servicer.over.is_set()


def test_an_older_configuration_disturbs_nothing(servicer: DialledServicer) -> None:
    """W2: one core is served, until it lets go or comes back."""
    with pytest.raises(RevisionMismatch):
        servicer.configure(settings(5))

    assert not servicer.over.is_set()


def test_closing_ends_it(servicer: DialledServicer) -> None:
    """W2: after `Close` the process is of no more use."""
    servicer.close(driver_pb2.CloseRequest())

    assert servicer.over.is_set()
