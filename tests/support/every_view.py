"""A notebook that shows every view once, for the front ends and the papers that it is read on.

The rows are made to fail in several ways, so that each page has all its parts.
"""

from __future__ import annotations

from typing import Final

SETUP: Final = """
import pandas as pd
from notebookmail import (
    Sandbox, Server, Template, check_frame, plan_frame, preview_frame, read_feedback, send_frame
)

people = [f"person{number:02}" for number in range(24)]
df = pd.DataFrame({"name": people, "email": [f"{each}@letters.example" for each in people], "points": range(24)})
df.loc[20:, "email"] = [f"{each}@gone.example" for each in people[20:]]
df.loc[3, "email"] = "nobody"
df.loc[4, "name"] = None
template = Template(
    "Your {{ points }} points", sender="Points Desk <desk@letters.example>",
    markdown="Dear {{ name }},\\n\\n| points | rank |\\n|---|---|\\n| {{ points }} | first |\\n\\nYour *desk*",
)
faults = {
    "*@gone.example": "550 5.1.1 <person20@gone.example> is not known",
    "bounce": (0.2, "550 5.1.1 No such user here"),
}
"""
RUN: Final = """
async with Sandbox(faults=faults) as box:
    results = await send_frame(df, template, box.server, campaign="may-letters")
    feedback = await read_feedback(box.mailbox, results)
    diagnosis = await box.server.verify(sender="desk@letters.example", to="ann@letters.example")
    inbox, received = box.inbox(), box.received
"""
VIEWS: Final = {
    "results": "results",
    "table": "results.table()",
    "causes": "results.explain()",
    "frame": "results.frame",
    "feedback": "feedback",
    "inbox": "inbox",
    "arrived": "received[0]",
    "check": "check_frame(df, template)",
    "preview": "preview_frame(df, template)",
    "plan": "plan_frame(df, template)",
    "template": "template",
    "letter": "template.preview(df.iloc[0])",
    "whole letter": "template.preview(df.iloc[0]).show(save=True)",
    "server": 'Server("smtp.letters.example", username="desk", password="canary-password")',
    "diagnosis": "diagnosis",
}
"""The last line of a cell each, by what it shows."""
