"""A large transfer that is cut off goes on where the target says (F4), over every kind of driver (D9).

Both services are memory services whose target writes each chunk it was given into a journal, so that what was sent is
counted and not believed. A crash comes while the target holds a chunk in its hand; then the chunks before it are
confirmed, and this one is not.
"""
