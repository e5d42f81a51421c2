"""Conversion in pairs: what goes out comes back, and nonsense becomes a value or an error that says so."""

from __future__ import annotations

import string
from typing import Any

import pytest
from google.protobuf import struct_pb2
from hypothesis import given
from hypothesis import strategies as st

from onitu.core import model
from onitu.core.capability import Capabilities, Conditional, Limits, NameComparison
from onitu.core.manifest import Manifest, Option, OptionType, OptionValue
from onitu.core.model import Kind
from onitu.errors import ConfigError, DriverError, InvalidPath, NotFound, OutcomeUnknown
from onitu.rpc import convert
from onitu.rpc.gen import manifest_pb2, observation_pb2, operation_pb2

U64 = st.integers(0, 2**64 - 1)
I64 = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
SOME_TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
OPTIONAL_BOOL = st.none() | st.booleans()
DIGEST_VALUE = st.binary(min_size=1, max_size=32)

PRESENTS = st.builds(
    model.Present,
    kind=st.sampled_from([Kind.FILE, Kind.DIRECTORY]),
    revision=SOME_TEXT,
    size=U64,
    mtime_ns=st.none() | I64,
    native_id=TEXT,
    executable=OPTIONAL_BOOL,
    digests=st.dictionaries(SOME_TEXT, DIGEST_VALUE, max_size=3),
    extra=st.binary(max_size=20),
    racy=st.booleans(),
)
LINKS = st.builds(model.Present, kind=st.just(Kind.SYMLINK), revision=SOME_TEXT, target=SOME_TEXT)
STATES = (
    PRESENTS
    | LINKS
    | st.builds(model.Absent)
    | st.builds(model.Unknown, reason=TEXT)
    | st.builds(model.Inadmissible, reason=TEXT, revision=TEXT, native_id=TEXT)
)
OBSERVATIONS = st.builds(model.Observation, path=TEXT, state=STATES, seq=U64, moved_from=st.none() | SOME_TEXT)
IDENTITIES = st.builds(model.FileIdentity, device=U64, inode=U64, size=U64, mtime_ns=I64, ctime_ns=I64)
ATTRIBUTES = st.builds(model.Attributes, mtime_ns=st.none() | I64, executable=OPTIONAL_BOOL)
UPLOADS = st.builds(
    model.Upload,
    path=TEXT,
    expected=st.none() | TEXT,
    size=U64,
    digest=st.none() | st.tuples(TEXT, DIGEST_VALUE),
    attributes=ATTRIBUTES,
    extra=st.binary(max_size=20),
)
LOCAL_FILES = st.builds(model.LocalFile, root=TEXT, path=TEXT, identity=IDENTITIES)
OPERATIONS = (
    st.builds(model.Write, upload=UPLOADS, content=st.binary(max_size=20) | LOCAL_FILES)
    | st.builds(model.Delete, path=TEXT, expected=TEXT)
    | st.builds(model.Move, path=TEXT, expected=TEXT, destination=TEXT)
    | st.builds(model.MakeDirectory, path=TEXT)
    | st.builds(model.SetAttributes, path=TEXT, expected=TEXT, attributes=ATTRIBUTES)
    | st.builds(model.Copy, path=TEXT, expected=TEXT, destination=TEXT)
    | st.builds(model.WriteSymlink, path=TEXT, expected=st.none() | TEXT, target=TEXT, attributes=ATTRIBUTES)
)
PRESENT = model.Present(kind=Kind.FILE, revision="r")


def over_the_wire(wire: observation_pb2.Observation) -> observation_pb2.Observation:
    """The message as the other side reads it."""
    return observation_pb2.Observation.FromString(wire.SerializeToString())


class TestObservation:
    """What was seen at a path."""

    @given(OBSERVATIONS)
    def test_round_trip(self, observation: model.Observation) -> None:
        """Every observation comes back as it was."""
        wire = convert.observation_to_wire(observation)

        assert convert.observation_from_wire(over_the_wire(wire)) == observation

    def test_fills_a_message_of_a_batch(self) -> None:
        """A message that was just added to a batch is filled in place."""
        observation = model.Observation("a", model.Absent(), 1)
        result = operation_pb2.OperationResult()

        assert convert.observation_to_wire(observation, result.done) is not None

        assert convert.result_from_wire(result) == observation

    @pytest.mark.parametrize(
        ("wire", "reason"),
        [
            (observation_pb2.Observation(path="p"), "without a state"),
            (observation_pb2.Observation(path="p", present=observation_pb2.Present(revision="r")), "unknown kind 0"),
            (
                observation_pb2.Observation(
                    path="p", present=observation_pb2.Present(kind=observation_pb2.FILE_KIND_FILE)
                ),
                "without a revision",
            ),
        ],
    )
    def test_nonsense_is_unknown(self, wire: observation_pb2.Observation, reason: str) -> None:
        """A driver that breaks the contract is never taken to have seen anything, least of all absence."""
        state = convert.observation_from_wire(wire).state

        assert isinstance(state, model.Unknown)
        assert reason in state.reason

    @pytest.mark.parametrize(("seconds", "expected"), [(2**40, 2**63 - 1), (-(2**40), -(2**63))])
    def test_time_out_of_range(self, seconds: int, expected: int) -> None:
        """A time that the wire cannot say is the nearest one that it can; nothing is raised."""
        present = model.Present(kind=Kind.FILE, revision="r", mtime_ns=seconds * 10**9)

        wire = convert.observation_to_wire(model.Observation("p", present, 1))

        assert wire.present.mtime_ns == expected

    def test_unprintable_reason(self) -> None:
        """A reason that quotes a name which is not UTF-8 can travel."""
        wire = convert.observation_to_wire(model.Observation("p", model.Unknown("bad: \udcff"), 1))

        assert wire.unknown.reason == "bad: \\udcff"


class TestIdentity:
    """Revisions of drivers with a local root."""

    @given(IDENTITIES)
    def test_round_trip(self, identity: model.FileIdentity) -> None:
        """A revision says the whole identity."""
        revision = convert.revision_of_identity(identity)

        assert convert.identity_from_revision(revision) == identity

    @pytest.mark.parametrize(
        "revision", ["", "1:2", "1:2:3:4:5:6", "a:b:c:d:e", "1:2:3:4:", "1:2:-3:4:5", f"{2**64}:2:3:4:5"]
    )
    def test_another_spelling(self, revision: str) -> None:
        """A revision that is spelled in another way is the driver's fault."""
        with pytest.raises(DriverError, match="not the identity of a file"):
            convert.identity_from_revision(revision)


class TestOperation:
    """What is to be done."""

    @given(OPERATIONS)
    def test_round_trip(self, operation: model.Operation) -> None:
        """Every operation comes back as it was."""
        data = convert.operation_to_wire(operation).SerializeToString()

        assert convert.operation_from_wire(operation_pb2.Operation.FromString(data)) == operation

    @given(UPLOADS)
    def test_upload(self, upload: model.Upload) -> None:
        """So does an upload by itself, as the calls for large files send it."""
        assert convert.upload_from_wire(convert.upload_to_wire(upload)) == upload

    @pytest.mark.parametrize(
        ("wire", "reason"),
        [
            (operation_pb2.Operation(), "without an action"),
            (operation_pb2.Operation(deletion={"path": "p"}), "'p' does not say what is expected"),
            (operation_pb2.Operation(move={"path": "p", "expectation": {"absent": {}}}), "must name the revision"),
            (operation_pb2.Operation(write={"upload": {"path": "p"}}), "'p' does not say what is expected"),
            (
                operation_pb2.Operation(write={"upload": {"path": "p", "expectation": {"absent": {}}}}),
                "'p' has no content",
            ),
        ],
    )
    def test_nonsense_is_refused(self, wire: operation_pb2.Operation, reason: str) -> None:
        """An operation that breaks the contract is refused before anything is done."""
        with pytest.raises(InvalidPath, match=reason):
            convert.operation_from_wire(wire)


class TestResult:
    """What became of an operation."""

    @given(OBSERVATIONS)
    def test_done(self, observation: model.Observation) -> None:
        """What is there now comes back as it was."""
        assert convert.result_from_wire(convert.result_to_wire(observation)) == observation

    def test_error(self) -> None:
        """An error comes back as its class and text."""
        result = convert.result_from_wire(convert.result_to_wire(NotFound("no such file")))

        assert (type(result), str(result)) == (NotFound, "no such file")

    def test_nothing_said(self) -> None:
        """An answer that says nothing leaves the outcome unknown: it may have been done."""
        assert isinstance(convert.result_from_wire(operation_pb2.OperationResult()), OutcomeUnknown)


class TestCapabilities:
    """What a service can do."""

    @given(st.integers(0, len(Capabilities.__struct_fields__) - 1))
    def test_each(self, index: int) -> None:
        """Each capability travels under its own name."""
        field = Capabilities.__struct_fields__[index]
        values: dict[str, Any] = {
            "mtime_precision_ns": 1_000,
            "conditional": Conditional.ATOMIC,
            "name_comparison": NameComparison.CUSTOM,
            "free_digests": ("md5",),
            "computed_digests": ("blake3", "sha256"),
        }
        capabilities = Capabilities(**{field: values.get(field, True)})

        assert convert.capabilities_from_wire(convert.capabilities_to_wire(capabilities)) == capabilities

    def test_same_names(self) -> None:
        """The value and the message have the same fields, none forgotten."""
        wire = {field.name for field in manifest_pb2.Capabilities.DESCRIPTOR.fields}

        assert wire == set(Capabilities.__struct_fields__)

    def test_of_a_newer_contract(self) -> None:
        """A choice that this core does not know is taken for the careful one."""
        wire = manifest_pb2.Capabilities.FromString(b"\xa8\x01\x63\xb0\x01\x63")

        capabilities = convert.capabilities_from_wire(wire)

        assert (wire.conditional, wire.name_comparison) == (99, 99)
        assert capabilities.conditional is Conditional.NONE
        assert capabilities.name_comparison is NameComparison.CUSTOM


class TestLimits:
    """Numbers a caller keeps to."""

    def test_round_trip(self) -> None:
        """What is said comes back."""
        limits = Limits(max_message_bytes=1, max_batch_items=2, max_concurrency=3, max_whole_file=4, min_chunk_bytes=5)

        assert convert.limits_from_wire(convert.limits_to_wire(limits)) == limits

    def test_defaults(self) -> None:
        """What is not said is the default, and no batch has more than a thousand items."""
        assert convert.limits_from_wire(manifest_pb2.Limits()) == Limits()
        assert convert.limits_from_wire(manifest_pb2.Limits(max_batch_items=5_000)).max_batch_items == 1_000


OPTION_VALUES: st.SearchStrategy[OptionValue] = (
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | TEXT
)


class TestOptions:
    """Settings of a service."""

    @given(st.dictionaries(st.text(string.ascii_letters, min_size=1), OPTION_VALUES, max_size=5))
    def test_round_trip(self, options: dict[str, OptionValue]) -> None:
        """Options come back equal, and true does not come back as 1."""
        back = convert.options_from_wire(convert.options_to_wire(options))

        assert back == options
        for key, value in options.items():
            assert isinstance(back[key], bool) == isinstance(value, bool)

    def test_whole_numbers(self) -> None:
        """A whole number comes back as an integer."""
        assert type(convert.options_from_wire(convert.options_to_wire({"port": 22}))["port"]) is int

    def test_too_large(self) -> None:
        """A number that would arrive as another one is refused."""
        with pytest.raises(ConfigError, match="option 'n'"):
            convert.options_to_wire({"n": 2**53 + 1})

    def test_no_option(self) -> None:
        """A list is no option."""
        wire = struct_pb2.Struct()
        wire.update({"hosts": ["a"]})

        with pytest.raises(DriverError, match=r"option 'hosts'.*got a list"):
            convert.options_from_wire(wire)


class TestManifest:
    """What a driver says of itself (CONTRACT M1-M3)."""

    MANIFEST = Manifest(
        name="ssh",
        description="Files behind SSH",
        options=(
            Option(key="host", name="Host", description="Where", type=OptionType.STRING),
            Option(key="port", name="Port", description="Which", type=OptionType.INTEGER, default=22, mandatory=False),
            Option(key="ratio", name="R", description="R", type=OptionType.FLOAT, default=1.0, mandatory=False),
            Option(key="key", name="K", description="K", type=OptionType.STRING, mandatory=False, secret=True),
            Option(
                key="speed",
                name="Speed",
                description="How fast",
                type=OptionType.ENUMERATE,
                values=("slow", 1, False),
                default=False,
                mandatory=False,
                per_folder=True,
            ),
        ),
        velocity=0.0,
        capabilities=Capabilities(watch=True, conditional=Conditional.BEST_EFFORT),
        limits=Limits(max_concurrency=3),
    )

    def test_round_trip(self) -> None:
        """A manifest comes back as it was, with defaults that are null or false and a velocity of 0."""
        assert convert.manifest_from_wire(convert.manifest_to_wire(self.MANIFEST)) == self.MANIFEST

    def test_without_velocity(self) -> None:
        """A manifest without a velocity has none."""
        wire = convert.manifest_to_wire(Manifest(name="n", description="d"))

        assert convert.manifest_from_wire(wire).velocity is None

    @pytest.mark.parametrize(
        ("change", "faults"),
        [
            ({"name": ""}, ["driver 'without a name'", "field 'name'"]),
            ({"velocity": 2.0}, ["driver 'ssh'", "'velocity'"]),
            ({"options": [{"key": "k", "name": "n", "description": "d"}]}, ["driver 'ssh'", "option 'k'", "'type'"]),
            ({"options": [{"key": "k", "name": "n", "type": 4}]}, ["option 'k'", "'description'"]),
            ({"options": [{"key": "k"}, {"key": "k"}]}, ["driver 'ssh'", "option 'k' stands twice"]),
            (
                {
                    "options": [
                        {"key": "k", "name": "n", "description": "d", "type": 1, "default": {"string_value": "x"}}
                    ]
                },
                ["option 'k'", "'default'"],
            ),
        ],
    )
    def test_faults(self, change: dict[str, object], faults: list[str]) -> None:
        """A faulty manifest is an error that names driver, option and field."""
        wire = manifest_pb2.Manifest(**({"name": "ssh", "description": "d"} | change))  # type: ignore[arg-type]

        with pytest.raises(DriverError) as caught:
            convert.manifest_from_wire(wire)

        assert all(fault in str(caught.value) for fault in faults), caught.value
