"""What the signals of the operating system mean to a running core. The signals are real ones, to ourselves."""

from __future__ import annotations

import signal

import pytest
import trio

from onitu.supervisor.signals import Signals, receive_signals


class TestReceiveSignals:
    """`receive_signals`."""

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
    async def test_stops_and_then_stops_now(self, number: signal.Signals) -> None:
        """The first signal asks for an orderly end, the second for an immediate one."""
        with trio.fail_after(5):
            async with trio.open_nursery() as nursery:
                signals: Signals = await nursery.start(receive_signals)

                signal.raise_signal(number)
                await signals.stop.wait()

                assert signals.received == number.name
                assert not signals.now.is_set()

                signal.raise_signal(signal.SIGTERM)
                await signals.now.wait()
                assert signals.received == number.name
                nursery.cancel_scope.cancel()

    async def test_reloads_as_often_as_asked(self) -> None:
        """SIGHUP stops nothing, and each wait is for a new one."""
        with trio.fail_after(5):
            async with trio.open_nursery() as nursery:
                signals: Signals = await nursery.start(receive_signals)

                for _ in range(2):
                    signal.raise_signal(signal.SIGHUP)
                    await signals.wait_reload()

                with trio.move_on_after(0) as again:
                    await signals.wait_reload()
                assert again.cancelled_caught
                assert not signals.stop.is_set()
                nursery.cancel_scope.cancel()

    async def test_gives_the_signals_back(self) -> None:
        """Once it is cancelled, signals do what they did before."""
        before = signal.getsignal(signal.SIGTERM)

        async with trio.open_nursery() as nursery:
            await nursery.start(receive_signals)
            nursery.cancel_scope.cancel()

        assert signal.getsignal(signal.SIGTERM) is before
