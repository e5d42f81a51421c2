"""The SDK for drivers under the name it had in Onitu 0.1: the same as `onitu.plug`."""

from onitu.plug import *  # noqa: F403  This module is nothing but another name; `__all__` there says what it has.
from onitu.plug import __all__  # noqa: F401  Handed on, for `from onitu.api import *`.
