"""The reference driver: a service that lives in the memory of its process.

It is what a driver author reads first and what Onitu's own tests run against, so it does everything the contract asks
for in as few lines as that takes. `driver` has the handlers, `tree` the service they speak to, `control` the back door
through which a test changes things as a user would, and injects faults.
"""

from onitu_memory.driver import plug, start

__all__ = ["plug", "start"]
