"""The command line of `ssh`, and what its last words mean (CONTRACT B12)."""

from __future__ import annotations

import subprocess

import pytest
from onitu_ssh.connection import refusal
from onitu_ssh.login import Desk, Login

from onitu.plug import InvalidPath, Unauthenticated, Unavailable

PASSWORD, PASSPHRASE = "open sesame", "swordfish"


def _asked(question: str, environment: dict[str, str]) -> str:
    asked = subprocess.run(
        [environment["SSH_ASKPASS"], question], env=environment, capture_output=True, text=True, check=False, timeout=10
    )
    return asked.stdout.removesuffix("\n") if asked.returncode == 0 else "refused"


def test_secrets_are_in_no_argument_and_in_no_environment() -> None:
    """B12: who lists processes sees neither password nor passphrase."""
    desk = Desk(Login(hostname="nas", username="me", private_key="/k", password=PASSWORD, passphrase=PASSPHRASE))
    try:
        seen = repr((desk.command("-s", "--", "sftp"), desk.environment(), desk))
    finally:
        desk.close()

    assert not any(secret in seen for secret in (PASSWORD, PASSPHRASE))
    assert "me@nas" in repr(Login(hostname="nas", username="me", password=PASSWORD, passphrase=PASSPHRASE))


def test_questions_are_answered_once_and_only_those_meant() -> None:
    """B12: a jump host that asks for a password does not get that of the server."""
    desk = Desk(
        Login(
            hostname="nas", username="me", private_key="/k", ssh_config="none", password=PASSWORD, passphrase=PASSPHRASE
        )
    )
    try:
        environment = desk.environment()
        assert _asked("me@jump's password: ", environment) == "refused"
        assert _asked("Enter passphrase for key '/other': ", environment) == "refused"
        assert _asked("Are you sure you want to continue connecting (yes/no)? ", environment) == "refused"
        assert _asked("me@nas's password: ", environment) == "open sesame"
        assert _asked("Enter passphrase for key '/k': ", environment) == "swordfish"
    finally:
        desk.close()


@pytest.mark.parametrize(
    "options",
    [
        {"hostname": ""},
        {"hostname": "-oProxyCommand=sh"},
        {"hostname": "two words"},
        {"hostname": "nas", "port": 70_000},
        {"hostname": "nas", "private_key": '/a"b'},
        {"hostname": "nas", "password": "two\nlines"},
    ],
)
def test_options_that_ssh_would_misread_are_refused(options: dict[str, object]) -> None:
    """Nothing of the setup becomes an option of ssh that it is not."""
    with pytest.raises(InvalidPath):
        Login.parse(options)


def test_keys_of_unknown_servers_are_accepted_only_where_asked_for() -> None:
    """Host keys are always checked; a new one is taken where the setup says so, a changed one never."""
    assert "StrictHostKeyChecking=yes" in Login(hostname="nas").arguments()
    assert "StrictHostKeyChecking=accept-new" in Login(hostname="nas", unknown_host="accept-new").arguments()


@pytest.mark.parametrize(
    ("words", "kind", "said"),
    [
        (
            "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
            Unauthenticated,
            "another host key",
        ),
        ("No ED25519 host key is known for nas\nHost key verification failed.", Unauthenticated, "is not known"),
        ("me@nas: Permission denied (publickey).", Unauthenticated, "does not let us in"),
        ("subsystem request failed on channel 0", Unavailable, "no SFTP"),
        ("ssh: connect to host nas port 22: Connection refused", Unavailable, "Connection refused"),
        ("", Unavailable, "without a word"),
    ],
)
def test_last_words(words: str, kind: type[Exception], said: str) -> None:
    """D8: a person is told what is wrong; what passes by itself is tried again."""
    error = refusal(words, "me@nas")

    assert type(error) is kind
    assert said in str(error)
