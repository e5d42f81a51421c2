"""The life of a driver's process: who may call it, how it is configured, closed and ended."""

from __future__ import annotations

import contextlib

import attrs
import grpc
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from onitu.conformance.case import Case
from onitu.conformance.check import NotDeclared, check
from onitu.conformance.process import CLOSE, END
from onitu.conformance.session import next_generation, request_of
from onitu.conformance.wire import SERVICE, Refusal, Wire, refused
from onitu.core.capability import Mode
from onitu.core.manifest import OptionType, OptionValue
from onitu.rpc.convert import manifest_from_wire
from onitu.rpc.gen import driver_pb2, watch_pb2

ROUNDS = 100
ANOTHER_TOKEN = "0" * 64


@check()
def health_is_serving(case: Case) -> None:
    """grpc.health.v1 answers SERVING, for the service and for "", also before `Configure`."""
    for service in (SERVICE, ""):
        assert case.wire.health(service) == health_pb2.HealthCheckResponse.SERVING, f"health of {service!r}"
    with case.another() as process:
        assert process.wire.health() == health_pb2.HealthCheckResponse.SERVING


@check()
def reflection_names_the_service(case: Case) -> None:
    """GRPC reflection lists `onitu.driver.v1.Driver`."""
    stub = reflection_pb2_grpc.ServerReflectionStub(case.wire.channel)
    requests = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
    answers = list(stub.ServerReflectionInfo(requests, timeout=20, metadata=case.wire.metadata))
    names = [service.name for answer in answers for service in answer.list_services_response.service]
    assert SERVICE in names, f"reflection lists {names}"


@check()
def calls_without_the_token_are_refused(case: Case) -> None:
    """Every call without the token, or with another one, answers UNAUTHENTICATED; health is no exception."""
    case.require_process()
    address = case.process.spawned.target
    for token in (None, ANOTHER_TOKEN, ""):
        stranger = Wire(address, token)
        try:
            with refused("UNAUTHENTICATED", why=f"its token is {token!r}"):
                stranger.call("GetManifest", driver_pb2.GetManifestRequest())
            with refused("UNAUTHENTICATED", why=f"its token is {token!r}"):
                stranger.health()
            with refused("UNAUTHENTICATED", why=f"its token is {token!r}"):
                stranger.messages("WatchChanges", iter([watch_pb2.WatchChangesRequest()]))
        finally:
            stranger.close()


@check()
def calls_before_configure_are_refused(case: Case) -> None:
    """Nothing but the manifest, `Close` and authorization is served before `Configure`."""
    with case.another() as process:
        request = driver_pb2.StatFilesRequest(folder=case.place.name, paths=["a"])
        with refused(why="the driver is not configured yet"):
            process.wire.call("StatFiles", request)
        process.wire.call("GetManifest", driver_pb2.GetManifestRequest())


@check("stat_files")
def an_unknown_folder_is_not_found(case: Case) -> None:
    """A call that names a folder which was not configured answers NOT_FOUND."""
    with refused("NOT_FOUND", why="no such folder was configured"):
        case.wire.call("StatFiles", driver_pb2.StatFilesRequest(folder="never configured", paths=["a"]))


@check()
def an_unknown_folder_cannot_be_watched(case: Case) -> None:
    """A change stream of a folder which was not configured ends with NOT_FOUND."""
    with attrs.evolve(case.folder, name="never configured").watch() as stream:
        assert stream.wait_refused().code is grpc.StatusCode.NOT_FOUND


@check()
def wrong_options_are_refused(case: Case) -> None:
    """An option that the manifest does not have, and a value of another type, answer INVALID_ARGUMENT."""
    wrong: list[dict[str, OptionValue]] = [{"no option of any driver": "x"}]
    manifest = manifest_from_wire(case.wire.call("GetManifest", driver_pb2.GetManifestRequest()).manifest)
    wrong += [
        {option.key: 12 if option.type is OptionType.STRING else "neither a number nor a boolean"}
        for option in manifest.options
    ]
    with case.another() as process:
        for options in wrong:
            request = request_of({**case.kit.options, **options}, [], next_generation())
            with refused("INVALID_ARGUMENT", why=f"its options have {options}") as caught:
                process.wire.call("Configure", request)
            key = next(iter(options))
            assert key in caught.refusal.text, f"the refusal does not name {key!r}: {caught.refusal.text}"


@check()
def missing_options_are_refused(case: Case) -> None:
    """`Configure` without a mandatory option answers INVALID_ARGUMENT and names it."""
    manifest = manifest_from_wire(case.wire.call("GetManifest", driver_pb2.GetManifestRequest()).manifest)
    mandatory = [option.key for option in manifest.options if option.mandatory]
    if not mandatory:
        raise NotDeclared("a mandatory option")
    with case.another() as process:
        for key in mandatory:
            given = {name: value for name, value in case.kit.options.items() if name != key}
            with refused("INVALID_ARGUMENT", why=f"the option {key!r} is missing") as caught:
                process.wire.call("Configure", request_of(given, [], next_generation()))
            assert key in caught.refusal.text, f"the refusal does not name {key!r}: {caught.refusal.text}"


@check()
def a_generation_counts_once(case: Case) -> None:
    """`Configure` with a generation that is not greater answers FAILED_PRECONDITION; with a greater one, OK."""
    with case.another() as process:
        first, second = next_generation(), next_generation()
        options = case.kit.options
        process.wire.call("Configure", request_of(options, [], second))
        for generation in (first, second):
            with refused("FAILED_PRECONDITION", why=f"generation {generation} comes after {second}"):
                process.wire.call("Configure", request_of(options, [], generation))
        process.wire.call("Configure", request_of(options, [], next_generation()))


@check()
def folders_are_reported(case: Case) -> None:
    """Every mapping has its report: its name, a root that is OK, and the identity of that root."""
    for name, report in case.session.reports.items():
        assert report.root_state == watch_pb2.ROOT_STATE_OK, f"{name}: {report.reason}"
        assert report.root_id, f"{name}: there is no root id"
        assert report.path, f"{name}: there is no path"


@check()
def a_root_is_the_same_after_a_restart(case: Case) -> None:
    """The identity of a root is the same at every start."""
    before = case.folder.root_id
    case.restart()
    assert case.folder.root_id == before


@check("content")
def content_outlives_the_process(case: Case) -> None:
    """What was written is there, unchanged, when the driver has been started again."""
    written = case.folder.write("kept", b"kept")
    if case.able.sync:
        case.folder.sync()
    case.restart()
    assert case.folder.read("kept", written.revision) == b"kept"


@check(mode=Mode.READ)
def what_may_not_be_written_is_not(case: Case) -> None:
    """A folder without the mode `w` answers PERMISSION_DENIED to every mutation, and is listed."""
    folder = case.folder
    if case.able.make_directory:
        with refused("PERMISSION_DENIED"):
            folder.make_directory("d")
    if case.able.whole_files or case.able.chunks:
        with refused("PERMISSION_DENIED"):
            folder.write("f", b"content")
    if case.able.delete_file:
        with refused("PERMISSION_DENIED"):
            folder.delete("f", "revision")
    if case.able.move_file:
        with refused("PERMISSION_DENIED"):
            folder.move("f", "revision", "g")
    if case.able.apply_batch:
        with refused("PERMISSION_DENIED"):
            folder.batch([])
    assert folder.snapshot() == {}


@check("content", mode=Mode.WRITE)
def what_may_not_be_read_is_still_listed(case: Case) -> None:
    """A folder without the mode `r` is written to and listed all the same."""
    written = case.folder.write("f", b"content")
    assert case.folder.snapshot()["f"].revision == written.revision


@check()
def the_chunk_size_is_within_bounds(case: Case) -> None:
    """`SetChunkSize` answers a size between 1 byte and 1 MiB, or that any is right."""
    for wanted in (1, 64 * 1024, 1024 * 1024):
        try:
            answer = case.wire.call("SetChunkSize", driver_pb2.SetChunkSizeRequest(chunk_size=wanted))
        except Refusal as refusal:
            assert refusal.code is grpc.StatusCode.UNIMPLEMENTED, refusal
            return
        if answer.HasField("chunk_size"):
            assert 1 <= answer.chunk_size <= 1024 * 1024, f"{answer.chunk_size} for {wanted}"


@check()
def streams_that_come_and_go_cost_nothing(case: Case) -> None:
    """After 100 change streams that were opened and cancelled, calls are answered as fast as before."""
    for number in range(ROUNDS):
        stream = case.folder.watch()
        stream.__enter__()
        if number % 10 == 0:
            stream.wait_snapshot()
        stream.close()
    case.wire.call("GetManifest", driver_pb2.GetManifestRequest(), timeout=2)
    with case.folder.watch() as stream:
        stream.wait_snapshot()


@check("watch")
def idle_streams_do_not_hold_up_calls(case: Case) -> None:
    """With a change stream open for every folder, calls are answered at once."""
    streams = [case.session.folder(name).watch() for name in case.session.reports]
    try:
        for stream in streams:
            stream.__enter__()
        for stream in streams:
            stream.wait_snapshot()
        for _ in range(20):
            case.wire.call("GetManifest", driver_pb2.GetManifestRequest(), timeout=2)
            case.wire.health(timeout=2)
    finally:
        for stream in streams:
            stream.close()


@check("watch")
def a_second_stream_ends_the_first(case: Case) -> None:
    """There is one change stream per folder: another one ends it, and is served."""
    first = case.folder.watch()
    with first:
        first.wait_snapshot()
        with case.folder.watch() as second:
            second.wait_snapshot()
            with contextlib.suppress(Refusal):  # With an error it has ended as well.
                first.wait_end()


@check()
def close_is_quick_and_may_be_repeated(case: Case) -> None:
    """`Close` answers within 5 s, also while streams are open, which then end; a second `Close` is answered too."""
    case.require_process()
    stream = case.folder.watch()
    stream.__enter__()
    stream.wait_snapshot()
    case.wire.call("Close", driver_pb2.CloseRequest(), timeout=CLOSE)
    with contextlib.suppress(Refusal):  # However it ends: it ends.
        stream.wait_end()
    stream.close()
    case.wire.call("Close", driver_pb2.CloseRequest(), timeout=CLOSE)
    assert case.process.is_alive(), "the process ended with `Close`: it goes on until it is told to end"
    case.restart()


@check()
def the_end_of_stdin_ends_the_process(case: Case) -> None:
    """When stdin ends the process ends at once, whatever it is doing."""
    with case.another() as process:
        process.end_stdin()
        assert process.wait_end(END), f"the process lives {END:g} units of time after its stdin has ended"
    stream = case.folder.watch()
    stream.__enter__()
    stream.wait_snapshot()
    case.process.end_stdin()
    assert case.process.wait_end(END), "with a change stream open the process outlives its stdin"
    stream.close()
    case.restart(kill=True)
