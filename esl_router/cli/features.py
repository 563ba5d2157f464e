"""``features``: the codes that people dial."""

from __future__ import annotations

import click

from esl_router.cli import rules, terminal
from esl_router.cli.options import Group, of_domain
from esl_router.model.codes import TAKES, Argument, Code

BEHIND = {
    Argument.NONE: "",
    Argument.HOURS: "[hours]",
    Argument.CALLS: "[calls]",
    Argument.DEVICE: "[device]",
    Argument.TEAM: "[team]",
    Argument.EXECUTIVE: "[executive]",
    Argument.WORKPLACE: "[workplace]",
    Argument.NUMBER: "[number]",
    Argument.FOR_EXECUTIVE: "[executive*]number",
}
"""What is dialled behind a code, as the list shows it."""

MEANING = {
    Code.STATUS_AVAILABLE: "You are available again; with hours behind it, for so long.",
    Code.STATUS_AWAY: "You are away; with hours behind it, for so long.",
    Code.STATUS_DND: "Do not disturb; once more, and you are available. With hours: for so long.",
    Code.STATUS_LUNCH: "You are at lunch; with hours behind it, for so long.",
    Code.STATUS_BUSINESS_TRIP: "You are on a business trip; with hours behind it, for so long.",
    Code.STATUS_MEETING: "You are in a meeting; with hours behind it, for so long.",
    Code.BUSY_ON_BUSY: "You are busy while you talk; once more, and you are not. "
    "With a number: from so many calls on.",
    Code.BUSY_ON_BUSY_OFF: "You are not busy while you talk.",
    Code.FORWARD: "Forward all your calls to a number; without one, to where you last did; "
    "once more, and no longer.",
    Code.FORWARD_OFF: "Forward no calls; the number stays noted.",
    Code.FORWARD_INTERNAL: "Forward your colleagues' calls.",
    Code.FORWARD_INTERNAL_OFF: "Do not forward your colleagues' calls.",
    Code.FORWARD_EXTERNAL: "Forward calls from outside.",
    Code.FORWARD_EXTERNAL_OFF: "Do not forward calls from outside.",
    Code.FORWARD_BUSY: "Forward your calls to a number when you are busy; without one, "
    "to where you last did; once more, and no longer.",
    Code.FORWARD_BUSY_OFF: "Do not forward your calls when you are busy.",
    Code.FORWARD_NO_ANSWER: "Forward your calls to a number when you do not answer; "
    "without one, to where you last did; once more, and no longer.",
    Code.FORWARD_NO_ANSWER_OFF: "Do not forward your calls when you do not answer.",
    Code.FORWARD_UNREGISTERED: "Forward your calls to a number when none of your phones is "
    "registered; without one, to where you last did; once more, and no longer.",
    Code.FORWARD_UNREGISTERED_OFF: "Do not forward your calls when none of your phones is "
    "registered.",
    Code.DEVICE_DND: "This phone alone does not ring; once more, and it does. "
    "With its place in your list: that device.",
    Code.DEVICE_DND_OFF: "This phone rings again.",
    Code.FOLLOW_ME: "This phone rings along in your FollowMe, or no longer, where you may change "
    "it. With its place in your list: that device.",
    Code.FOLLOW_ME_OFF: "This phone no longer rings along in your FollowMe.",
    Code.TEAM_LOGIN: "Log in to your team; once more, and you are logged out. "
    "Its number follows where you are in several.",
    Code.TEAM_LOGOUT: "Log out of your team.",
    Code.ASSISTANT_LOGIN: "Take your executive's calls; once more, and you do not. "
    "His number follows where you have several.",
    Code.ASSISTANT_LOGOUT: "Do not take your executive's calls.",
    Code.ASSISTANT_DIVERT: "Let somebody else take your executive's calls in your place.",
    Code.ASSISTANT_DIVERT_OFF: "Take them yourself again.",
    Code.EXECUTIVE_FILTER: "Switch the filter on, your own or your executive's; once more, and it "
    "is off.",
    Code.EXECUTIVE_FILTER_OFF: "Switch the filter off.",
    Code.PUSH: "Send your caller on to this code: he gets your executive.",
    Code.ON_BEHALF: "Call a number in your executive's name.",
    Code.RETRIEVE: "Take over the caller with whom your assistant talks.",
    Code.WORKPLACE_LOGIN: "Log in at the workplace whose phone you dial it on (with your PIN), or "
    "whose number follows.",
    Code.WORKPLACE_LOGOUT: "Log out of your workplace.",
    Code.VOICEMAIL: "Hear your messages.",
}
"""What each code does, to whoever dials it."""


@click.group("features", cls=Group, acts=False)
def features_command() -> None:
    """Feature codes: what people dial to change their own settings.

    \b
    Example:
      esl-router features list
    """


@features_command.command("list")
@of_domain
def list_features(domain: str | None) -> None:
    """Every code of the domain, and what it does. What stands in brackets may be left out.

    Other digits are set in the rules file (settings.codes).

    \b
    Example:
      esl-router features list
      esl-router features list --json
    """
    from esl_router.store.document import read_section

    with rules.of_domain(domain, readonly=True) as (db, name):
        codes = read_section(db, name, "settings")["codes"]
    found = [
        {
            "code": code.value,
            "digits": codes[code.value],
            "behind": TAKES[code].value or None,
            "dial": f"{codes[code.value]}{BEHIND[TAKES[code]]}",
            "does": meaning,
        }
        for code, meaning in MEANING.items()
    ]
    terminal.show(
        found,
        lambda: terminal.print_table(
            ("dial", "what it does"), [(f["dial"], f["does"]) for f in found], ""
        ),
    )
