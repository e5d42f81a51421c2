"""The web page, as a person meets it: a real Onitu, a real Chromium."""
