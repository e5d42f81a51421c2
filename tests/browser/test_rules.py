"""The rules are seen, changed and put in force from the page."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.window import Windows
from tests.functional.harness import Setups
from tests.functional.trees import write


def test_rules_are_changed(new_setup: Setups, windows: Windows) -> None:
    """E10-E12, C5: rules are written as YAML; faults have their line; what is kept waits until it is put in force."""
    onitu = new_setup("laptop", "nas")
    onitu.rules = [{"match": {"extension": ["none"]}, "sync": ["nas"]}]
    write(onitu["laptop"] / "one.txt", "one")
    core = onitu.serve()
    window = windows()
    window.expected.append("400")
    page = window.page
    window.open(core)
    window.go("Rules")
    window.sees("These rules are in force.")
    field = page.get_by_label("Rules", exact=True)
    expect(field).to_have_value("- match:\n    extension: [none]\n  sync: [nas]\n")
    field.fill("# Texts only\n- match: {extension: [txt]}\n  sync: [nsa]\n")
    window.press("Check and keep")
    window.sees("'nsa'")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    window.check("rules-faults")
    window.press("Line 3")
    assert page.evaluate("getSelection().toString()") == "  sync: [nsa]"
    field.fill("# Texts only\n- match: {extension: [txt], path: /docks}\n  sync: [nas]\n")
    window.press("Check and keep")
    window.sees("'/docks' matches nothing")
    window.sees("These rules are kept, and not in force yet.")
    field.fill('[{"match": {"extension": ["txt"]}, "sync": ["nas"]}]')
    window.press("Check and keep")
    expect(field).to_have_value("- match:\n    extension: [txt]\n  sync: [nas]\n")
    window.check("rules")
    assert not (onitu["nas"] / "one.txt").exists()
    window.press("Put in force")
    window.sees("These rules are in force.")
    core.wait_until((onitu["nas"] / "one.txt").exists, "it is routed")


def test_rules_on_a_phone(new_setup: Setups, windows: Windows) -> None:
    """E15: where there are no rules that is said, with an example; changes that are not kept can be undone."""
    core = new_setup("laptop").serve()
    window = windows(phone=True, dark=True)
    page = window.page
    window.open(core)
    window.go("Rules")
    window.sees("There are no rules")
    page.get_by_text("An example").click()
    window.sees("- match: {path: /music, extension: [mp3]}")
    page.get_by_label("Rules", exact=True).fill("- sync: laptop")
    window.check("rules-none")
    window.press("Undo my changes")
    expect(page.get_by_label("Rules", exact=True)).to_have_value("")
