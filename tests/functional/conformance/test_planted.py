"""The conformance kit finds what is wrong with a driver: faults are planted, each is found by a check of its name."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from onitu.conformance import CHECKS, Kit, Outcome, stream
from tests.functional.conformance.faulty import FAULTS, ON_DISK
from tests.functional.processes import EVERYTHING
from tests.functional.targets.local_storage import LocalStorage
from tests.functional.targets.memory import Memory

#: The check that finds each fault, and words by which it says what it has found.
FOUND = {
    "lets_everybody_in": ("life-calls_without_the_token_are_refused", "its token is None"),
    "outlives_its_core": ("life-the_end_of_stdin_ends_the_process", "after its stdin has ended"),
    "serves_any_generation": ("life-a_generation_counts_once", "generation"),
    "takes_any_option": ("life-wrong_options_are_refused", "no option of any driver"),
    "writes_where_it_may_not": ("life-what_may_not_be_written_is_not", "PERMISSION_DENIED was to be the answer"),
    "closes_at_leisure": ("life-close_is_quick_and_may_be_repeated", "Close answered DEADLINE_EXCEEDED"),
    "has_another_root_at_each_start": ("life-a_root_is_the_same_after_a_restart", "ROOT_STATE_DIFFERENT"),
    "says_nothing_of_itself": ("manifest-it_says_who_it_is", "there is no description"),
    "promises_what_it_has_not": ("manifest-what_is_declared_is_served", "UNIMPLEMENTED: CopyFile"),
    "forgets_the_last_entry": ("observe-a_snapshot_shows_everything", "is not in the snapshot"),
    "takes_a_torn_listing_for_a_whole_one": (
        "observe-a_torn_listing_is_never_complete",
        "a torn listing is marked complete",
    ),
    "believes_any_cursor": ("observe-an_expired_cursor_is_refused", "should have been refused"),
    "watches_nothing": ("observe-new_files_are_told", "'new' is there, whole"),
    "watches_a_little_late": ("observe-nothing_is_missed_between_snapshot_and_live", "that appeared meanwhile"),
    "takes_the_size_for_a_revision": ("observe-a_change_of_equal_size_is_told", "has another revision"),
    "reads_whatever_is_there": ("read-another_revision_is_not_read", "FAILED_PRECONDITION was to be the answer"),
    "reads_one_byte_less": ("read-chunks_are_read_as_they_are", "9 bytes where 10 are right"),
    "begins_at_the_beginning": ("read-whole_files_are_read_from_an_offset", "from 1:"),
    "answers_files_as_they_come": ("read-many_files_are_read_in_order", "bytes where"),
    "believes_every_size": ("write-streams_that_are_too_short_are_refused", "99,999 bytes came"),
    "believes_every_digest": ("write-other_bytes_than_announced_are_refused", "the bytes that came are others"),
    "shows_what_is_not_whole": ("write-nothing_is_visible_before_end_upload", "visible"),
    "keeps_what_was_given_up": ("write-an_aborted_upload_leaves_nothing", "the upload was aborted"),
    "goes_on_anywhere": ("write-an_upload_is_taken_up_where_it_was_left", "DATA_LOSS"),
    "takes_the_time_it_was_written": ("write-modification_times_are_kept", "was to be kept"),
    "expects_nothing": ("preconditions-nothing_is_written_over_another_revision", "was expected"),
    "looks_only_at_the_beginning": (
        "preconditions-what_changes_during_an_upload_is_not_overwritten",
        "has changed during the upload",
    ),
    "looks_before_it_locks": ("preconditions-of_rivals_one_wins", "of 8 writes that expected nothing"),
    "deletes_all_that_is_below": ("delete-directories_with_children_stay", "there is a file in the directory"),
    "moves_over_what_is_there": ("move-nothing_is_moved_onto_what_is_there", "a file is at the destination"),
    "leaves_the_children_behind": ("move-directories_take_everything_along", "is not below the new name"),
    "keeps_nothing": ("trash-what_was_deleted_can_be_put_back", "0 things are kept of 'file'"),
    "keeps_only_what_is_deleted": ("trash-what_was_replaced_is_kept", "0 things are kept of 'file'"),
    "keeps_the_last_of_a_name": ("trash-what_was_deleted_again_is_kept_twice", "1 are kept"),
    "takes_the_time_of_a_file_for_that_of_its_deletion": (
        "trash-it_is_said_when_it_was_deleted",
        "is said to be kept since 1000000000",
    ),
    "says_that_nothing_takes_room": ("trash-what_was_deleted_can_be_put_back", "its size is said to be 0"),
    "takes_a_program_for_a_text": ("trash-it_is_said_what_is_executable", "program"),
    "keeps_links_as_files": ("trash-links_are_kept_as_links", "it was a link"),
    "reads_the_trash_from_the_beginning": ("trash-what_is_kept_is_read_in_parts", "bytes of 1, or others"),
    "leaves_one_out_between_pages": ("trash-a_page_goes_on_after_any_entry", "after 1 of 5 come 3"),
    "lists_what_begins_alike": ("trash-a_part_of_the_trash_is_listed", "and listed ['d/e/file', 'd/file', 'd2/file'"),
    "empties_all_of_the_trash": ("trash-what_is_named_goes_and_nothing_else", "[] are left"),
    "complains_of_what_is_gone": ("trash-what_is_named_goes_and_nothing_else", "EmptyTrash answered NOT_FOUND"),
    "numbers_the_trash_anew_at_each_start": (
        "trash-what_is_kept_outlives_the_process",
        "its id is another one after a restart",
    ),
    "empties_what_it_may_not_write": (
        "trash-where_nothing_may_be_written_nothing_is_removed",
        "PERMISSION_DENIED was to be the answer",
    ),
    "stops_at_the_first_error": ("batch-one_that_fails_stops_no_other", "'UNKNOWN'"),
    "trims_names": ("names-spaces_and_dots_at_the_ends", "names were altered"),
    "follows_two_dots": ("names-paths_that_lead_outside_are_refused", "the path is '..'"),
    "asks_nobody_to_wait": ("errors-a_rate_limit_is_told_as_one", "without RetryInfo"),
    "dies_of_an_empty_request": ("errors-a_driver_that_is_asked_wrongly_goes_on", "UNAVAILABLE"),
    "shares_one_buffer": ("concurrency-many_files_are_written_at_once", "other bytes in"),
    "never_closes_a_file": ("cancellation-cancelled_reads_are_let_go_of", "descriptors"),
    "takes_away_for_empty": ("faults-a_service_that_is_away_is_not_an_empty_one", "said to be absent"),
    "forgets_what_it_promised_to_keep": ("faults-what_was_there_outlives_a_crash", "'file' is absent"),
}


#: Every run plants every third fault, `just everything` all of them.
PLANTED = FOUND if EVERYTHING else dict(list(FOUND.items())[::3])


@pytest.fixture
def kit(request: pytest.FixtureRequest) -> Iterator[Kit]:
    """The kit for a driver with one fault."""
    command = (sys.executable, str(Path(__file__).with_name("faulty.py")), request.param)
    with tempfile.TemporaryDirectory(prefix="onitu-") as place:
        sound = LocalStorage if request.param in ON_DISK else Memory
        target = attrs.evolve(sound.conformance(Path(place)), name=request.param, command=command)
        with Kit(target) as made:
            yield made


def test_every_fault_has_its_check() -> None:
    """D7, W1: no fault is without the name of the check that must find it, and every group of checks finds one."""
    checks = {str(check): check.group for check in CHECKS}

    assert FAULTS.keys() == FOUND.keys()
    assert {name for name, _ in FOUND.values()} <= checks.keys()
    assert {checks[name] for name, _ in FOUND.values()} == set(checks.values())


@pytest.mark.parametrize(("kit", "found"), PLANTED.items(), indirect=["kit"], ids=list(PLANTED))
def test_a_planted_fault_is_found(kit: Kit, found: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """D7, W1: the check that is about it fails, and says what is wrong."""
    monkeypatch.setattr(stream, "PATIENCE", 5.0)  # What never comes is not waited for as long.
    name, words = found
    with contextlib.suppress(Exception):
        kit.run(next(check for check in CHECKS if str(check) == name))

    assert [(str(result.check), result.outcome) for result in kit.results] == [(name, Outcome.FAILED)]
    assert words in kit.results[0].reason
