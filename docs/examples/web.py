"""The text so far as a web page, http://127.0.0.1:5000. It needs `pip install flask`.

Run it with `flask --app docs/examples/web.py run`. FINGERSPELL_SOURCE is the source, by default the
first camera that works.
"""

import os

from flask import Flask

from edge import Fingerspeller

app = Flask(__name__)
reader = Fingerspeller(os.environ.get("FINGERSPELL_SOURCE", ""))


@app.get("/")
def page() -> dict[str, object]:
    """Answers with the text, and whether a hand is in view."""
    hands = reader.result.hands if reader.result else ()
    return {"text": reader.text, "hand": bool(hands), "reading": reader.is_active}
