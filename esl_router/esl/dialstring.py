"""Dial strings for ``bridge``. They are built here and nowhere else.

FreeSWITCH reads a dial string in several passes, and none of them knows an escape for a closing
bracket. What was read in its source and is relied on here:

* ``:_:`` anywhere makes it another kind of dial string, and ``origination_nested_vars`` anywhere
  switches the check for ``${`` off: both are refused anywhere.
* It splits on ``|`` before it looks at brackets, and on ``,`` after it has hidden the commas that
  stand in ``[]``. Quotes and backslashes count in both: no value has any of them.
* ``[^^~a=b~c=d]`` separates by ``~`` and keeps commas as they are; only the first ``=`` of each
  part counts, so values may hold ``=``, ``;``, ``<`` and ``>`` (a Diversion) and ``,`` (a tone).
* ``group_confirm_*`` are read from each leg. Answering extends that leg's time alone by
  ``group_confirm_timeout``; unconfirmed at its end it is hung up with ALLOTTED_TIMEOUT, and the
  caller and the other legs notice nothing.
* ``fail_on_single_reject`` holds cause names and is searched as a text, so they may be joined by
  any character. While it names causes, ``originate_timeout`` ends nothing: each leg therefore
  has its ``leg_timeout``.
* ``fail_on_single_reject`` is read for the whole dial string only, and 401, 402, 403, 407, 603 and
  608 all become CALL_REJECTED. No variable of a leg changes that. A trunk that refuses a call with
  403 would silence the desk phones: with a leg through the trunk in the ring it is left out, and
  :attr:`Dial.rejects` tells the caller of :func:`build` what he must watch for himself.
* A leg that answers 300, 301, 302 or 305 is followed by the switch: to another host it sends the
  INVITE itself, and with its own address in the Contact it transfers the *caller*, into the
  dialplan with his rights. With ``outbound_redirect_fatal`` it notes the Contact on the leg and
  ends it with REQUESTED_CHAN_UNAVAIL. Our events have a leg's variables only where the leg was told
  ``verbose_events``.
* Several codes of a trunk are one cause too: 403 and 603 are the same, and 433 is like any that the
  switch does not know. The code is a variable of the leg, so the events of one that withholds the
  caller's number are verbose as well: where the code says why, it may be tried once more.
* Once a leg has an ``origination_caller_id_number``, the ``effective_caller_id_number`` of the
  caller is no longer looked at for the legs behind it, and likewise for the name. So the legs that
  have neither come first.
* A leg ``pickup/KEY`` rings nobody: it keeps a place. Whoever runs the application ``pickup`` with
  that key is put there as if he had answered, and has the call; his own uuid is then the one in
  ``originate_causes``. So an app that registers while others ring is called by an ``originate`` of
  its own, and runs it at its answer. A place counts as a leg that rings: it ends by its
  ``leg_timeout``, or by whoever gives it up, and meanwhile no delayed leg is brought forward.
* A leg that answers gives the caller its ``callee_id``: in his 200, and in an update where he is
  connected already. It is what the phone says of itself, else the account or the number that was
  dialled, a mobile's too; ``origination_callee_id_*`` sets it, and it stays so with
  ``sip_ignore_remote_cid``. A ``%`` in that name is decoded before it is sent, so it may stand here
  encoded.
* The ring's own name is a text that a caller may have written a part of, so it stands in no dial
  string: it is exported, to all legs. As ``origination_caller_id_name`` it replaces the caller's
  name for good. Where some legs are to show that name, it is exported as ``sip_from_display``:
  these get rid of it by ``api_on_originate``, which runs before the INVITE. The others then have
  the caller's name in their profile still, and must not say it in another header or, once they have
  answered, in an update of the display.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

from esl_router import variables as v
from esl_router.errors import Untrusted
from esl_router.esl import redirection, untrusted
from esl_router.model.actions import Asleep, Leg, Outside, Registered, Ring
from esl_router.model.people import DeclineScope
from esl_router.model.trail import Trail

MAX_LEGS: Final = 128
"""FreeSWITCH's bound for one ring."""

SLACK: Final = 3
"""Seconds a ring may last beyond its last leg: the switch's timers round up."""

CONFIRM_WINDOW: Final = 10
"""Seconds to press 1, from the answer."""

MAX_CONNECTED: Final = 40
"""Characters of the name that a caller sees of whom he is connected with: each may take twelve."""

CONFIRM_PROMPT: Final = "tone_stream://%(200,100,587);%(200,1500,880)"

REJECTS: Final[Mapping[DeclineScope, tuple[str, ...]]] = {
    DeclineScope.AUTO: ("CALL_REJECTED",),
    DeclineScope.USER: ("CALL_REJECTED", "USER_BUSY"),
    DeclineScope.DEVICE: (),
}
"""The causes by which one leg's refusal ends the whole ring."""

_OWN = (v.ORIGINATION_NUMBER, v.ORIGINATION_NAME)
_SPELLED = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"}
)
_TRUNK = re.compile(r"[a-z_]+/[A-Za-z0-9_.:;=@%/+-]*\{number\}[A-Za-z0-9_.:;=@%/+-]*")


@dataclass(frozen=True, slots=True)
class Dial:
    """What ``bridge`` is told, and how to read what comes back."""

    text: str
    """The dial string."""

    legs: Mapping[str, int]
    """Each dialled leg's uuid -> the index of its Leg in the ring. A device with two registrations
    has two; one that the bound of 128 left out has none."""

    rejects: tuple[str, ...]
    """Causes by which one refusing SIP leg ends the ring; empty where there is nothing to end."""

    enforced: bool
    """Whether the switch ends the ring on :attr:`rejects` by itself."""

    exports: str = ""
    """The variable by which the ring's own name reaches the legs; empty: it has none."""

    places: Mapping[str, str] = field(default_factory=dict)
    """For each leg of an app that is asleep: its uuid, once it is called by :func:`joining` -> the
    uuid of the leg that keeps its place in the ring until then."""

    tells: bool = False
    """Whether the caller's own leg gets the variables that it was to be told."""


def build(
    ring: Ring,
    new_uuid: Callable[[], str],
    *,
    confirm_prompt: str = CONFIRM_PROMPT,
    confirm_window: int = CONFIRM_WINDOW,
    profile: str = "internal",
    caller: str | None = None,
    withheld: bool = False,
    auto_answer: bool = False,
    seal: Callable[[Trail], str] | None = None,
    tell: Mapping[str, str] = MappingProxyType({}),
) -> Dial:
    """The dial string that rings ``ring``; ``new_uuid`` names each leg's channel.

    ``profile`` is the Sofia profile that looks up accounts whose contacts are not known.
    ``caller`` is the uuid of the caller's own leg, which is told whose phone answers; None: it has
    none that may stand here. ``withheld``: the caller wants nobody to see who he is.
    ``auto_answer``: the phones are asked to pick up by themselves. ``seal`` makes the header of
    where a call that leaves has been; None: none is sent. ``tell``: variables that the caller's
    own leg gets as soon as another one is made; "" is none. Raises
    :class:`~esl_router.errors.Untrusted` when the ring has no leg or a value may not stand where
    it would.
    """
    dialled = _within_bound(
        (index, rank, address)
        for index, leg in enumerate(ring.legs)
        for rank, address in enumerate(_addresses(leg, profile))
    )
    if not dialled:
        raise Untrusted("a ring without a leg")
    legs: dict[str, int] = {}
    parts: list[str] = []
    places: dict[str, str] = {}
    telling = _telling(tell, caller)
    exports = _exports(ring, withheld)
    shown = [_presentation(leg, ring, withheld, exports) for leg in ring.legs]
    # The effective numbers and names of the caller are lost for what follows a leg of its own.
    dialled.sort(key=lambda entry: sum(name in shown[entry[0]] for name in _OWN))
    for index, _, address in dialled:
        leg = ring.legs[index]
        uuid = untrusted.uuid(new_uuid())
        if uuid in legs:
            raise Untrusted(f"two legs with the uuid {uuid}")
        legs[uuid] = index
        if isinstance(leg.target, Asleep):
            places[uuid] = untrusted.uuid(new_uuid())
            parts.append(_place(leg, places[uuid]))
            continue
        local = {v.ORIGINATION_UUID: uuid, **_timing(leg), **_identity(leg, ring)}
        if leg.redirect or _is_withheld(leg):
            local[v.ON_ORIGINATE] = "verbose_events"
        local |= shown[index]
        local |= _connected(leg)
        if seal is not None and isinstance(leg.target, Outside) and leg.target.trail is not None:
            local[v.TRAIL] = seal(leg.target.trail)
        local |= _origin(ring, caller)
        if auto_answer:
            local[v.AUTO_ANSWER] = "true"
        if leg.alert_info:
            local[v.ALERT_INFO] = leg.alert_info
        if leg.confirm:
            local[v.CONFIRM_KEY] = "1"
            local[v.CONFIRM_TIMEOUT] = str(_seconds(confirm_window))
            local[v.CONFIRM_FILE] = confirm_prompt
        orders = _orders(leg, uuid, caller, exports)
        if telling:
            # Each of them, for the switch may not be able to make the first.
            orders[f"{v.API_ON_ORIGINATE}_caller"] = telling
        parts.append(_block(local, orders) + address)

    rejects = REJECTS[ring.decline] if len(parts) > 1 else ()
    enforced = not any(isinstance(leg.target, Outside) for leg in ring.legs)
    if len({leg.owner for leg in ring.legs}) > 1:
        enforced = False  # the switch would end everybody's ringing, not only his who declined
    if places:
        enforced = False  # an app that is called later declines in an originate of its own
    confirmed = any(leg.confirm for leg in ring.legs)
    shared = {
        v.ORIGINATE_TIMEOUT: str(ring.length + SLACK + (confirm_window if confirmed else 0)),
    }
    # The first leg with early media would win the race, and a prompt would play to a ringing tone.
    if not ring.early_media or confirmed or len(parts) > 1:
        shared[v.IGNORE_EARLY_MEDIA] = "true"
    shared[v.REDIRECT_FATAL] = "true"
    if rejects and enforced:
        shared[v.FAIL_ON_SINGLE_REJECT] = ":".join(rejects)
    if exports == v.FROM_DISPLAY:
        shared[v.LOCAL_FIRST] = "true"
    text = "{" + ",".join(f"{name}={value}" for name, value in shared.items()) + "}"
    text += ",".join(parts)
    if untrusted.changes_parsing(text):
        raise Untrusted(f"not a dial string: {untrusted.log(text)}")
    tells = bool(telling) and len(places) < len(parts)
    return Dial(text, legs, rejects, enforced, exports, places, tells)


def joining(
    ring: Ring,
    dial: Dial,
    uuid: str,
    contact: str,
    *,
    seconds: int,
    caller: str | None = None,
) -> str:
    """The arguments of ``originate`` that call the app of the leg ``uuid`` at ``contact``, for
    ``seconds``, and give it its place in the ring when it answers.

    They hold the caller's number and, of a colleague, his name by the rules: nothing that a caller
    wrote. Raises :class:`~esl_router.errors.Untrusted` for what may not stand there.
    """
    asleep = ring.legs[dial.legs[uuid]]
    target = asleep.target
    assert isinstance(target, Asleep)
    leg = replace(asleep, target=Registered(target.account, target.domain), delay=0, ring=seconds)
    address = untrusted.contact_url(contact)
    if address is None:
        raise Untrusted(f"not a contact: {untrusted.log(contact, 60)}")
    shown = untrusted.number(asleep.caller_number or target.caller_number)
    local = {v.ORIGINATION_UUID: uuid, **_timing(leg), **_identity(leg, ring)}
    local |= {v.ORIGINATION_NUMBER: shown} if shown else _anonymous(ring.anonymous)
    local |= _origin(ring, caller)
    if leg.alert_info:
        local[v.ALERT_INFO] = leg.alert_info
    orders = _orders(leg, uuid, caller, "")
    if shown:
        orders[v.ORIGINATION_NAME] = tuple(_words(target.caller_name)) or (shown,)
    shared = f"{{{v.IGNORE_EARLY_MEDIA}=true,{v.REDIRECT_FATAL}=true}}"
    text = f"'{shared}{_block(local, orders)}{address}' &pickup({dial.places[uuid]})"
    if untrusted.changes_parsing(text):
        raise Untrusted(f"not a dial string: {untrusted.log(text)}")
    return text


def _words(name: str) -> list[str]:
    """A name by the rules in letters that any command may hold: ``Jörg`` is ``Joerg``."""
    plain = unicodedata.normalize("NFKD", name.translate(_SPELLED)).encode("ascii", "ignore")
    return re.findall(r"[A-Za-z0-9.-]+", plain.decode("ascii"))[:8]


def _place(leg: Leg, uuid: str) -> str:
    # Longer than its phone rings: how that ended is to be heard first.
    values = {v.ORIGINATION_UUID: uuid, v.LEG_TIMEOUT: str(_seconds(leg.ends - leg.turn) + 2)}
    if leg.turn:
        # Before his turn it would count as a phone that rings, and nobody's would come early.
        values[v.LEG_DELAY] = str(int(leg.turn))
    return f"{_block(values, {})}pickup/{uuid}"


def _within_bound(dialled: Iterator[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """At most 128 legs: each device's first registration goes before any device's second."""
    every = list(dialled)
    return sorted(sorted(every, key=lambda entry: entry[1])[:MAX_LEGS])


def _addresses(leg: Leg, profile: str) -> list[str]:
    target = leg.target
    if isinstance(target, Outside):
        return [_trunk(target.trunk, target.number)]
    if isinstance(target, Asleep):
        return [""]  # it has none yet
    account = untrusted.account(target.account)
    # With no contact, or one that may not stand here, the switch looks the account up itself.
    lookup = f"sofia/{untrusted.account(profile)}/{account}%{untrusted.host(target.domain)}"
    contacts = (untrusted.contact_url(contact) or lookup for contact in target.contacts)
    return list(dict.fromkeys(contacts)) or [lookup]


def _trunk(template: str, number: str) -> str:
    if _TRUNK.fullmatch(template) is None or untrusted.changes_parsing(template):
        raise Untrusted(f"not a trunk: {untrusted.log(template, 60)}")
    return template.replace("{number}", untrusted.outside_number(number))


def _seconds(value: int) -> int:
    return max(1, int(value))


def _timing(leg: Leg) -> dict[str, str]:
    # A splash is ended by whoever follows the legs; without him by the shortest of timers.
    timing = {v.LEG_TIMEOUT: "1" if leg.splash else str(_seconds(leg.ring))}
    if leg.delay > 0:
        timing[v.LEG_DELAY] = str(int(leg.delay))
    return timing


def _identity(leg: Leg, ring: Ring) -> dict[str, str]:
    values: dict[str, str] = {}
    domain = ring.domain
    withheld = False
    if isinstance(leg.target, Registered):
        values = {
            v.PRESENCE_ID: f"{leg.target.account}@{leg.target.domain}",
            v.DEVICE: leg.target.account,
            v.DEVICE_DOMAIN: leg.target.domain,
        }
    elif isinstance(leg.target, Outside):
        withheld = leg.target.private or _is_withheld(leg)
        if leg.device != leg.target.number:
            # A device outside is its user's too: whoever counts his calls finds it by this.
            values[v.PRESENCE_ID] = f"{untrusted.account(leg.device)}@{untrusted.host(domain)}"
        elif leg.diversion is not None:
            # Whoever counts forwarded calls tells them from those that a user dials by this.
            number = untrusted.outside_number(leg.target.number)
            values[v.PRESENCE_ID] = f"{number}@{untrusted.host(domain)}"
    if leg.diversion is not None:
        values[v.DIVERSION] = redirection.diversion(leg.diversion, domain, withheld)
        whom = leg.owner or ring.callee
        target = leg.target.number if isinstance(leg.target, Outside) else whom
        history = redirection.history_info(leg.diversion, domain, target, ring.came, withheld)
        if history:
            values[v.HISTORY] = history
    return values


def _exports(ring: Ring, withheld: bool) -> str:
    if not untrusted.caller_name(ring.caller_name):
        return ""
    mixed = any(leg.original_name and isinstance(leg.target, Registered) for leg in ring.legs)
    # Nobody shows the name of a caller who withholds it.
    return v.FROM_DISPLAY if mixed and not withheld else v.ORIGINATION_NAME


def _presentation(leg: Leg, ring: Ring, withheld: bool, exports: str) -> dict[str, str]:
    """What the leg shows of the caller, where that is not simply what he gave."""
    target = leg.target
    if isinstance(target, Outside):
        if target.caller_number is None:
            values = _anonymous()
        elif target.private:
            told = f"<sip:{_number(target.caller_number)}@{untrusted.host(ring.domain)}>"
            # An asserted identity of its own: the switch's would be the anonymous one of From.
            values = {**_anonymous(), v.IDENTITY_HEADER: "none", v.ASSERTED_IDENTITY: told}
        else:
            shown = _number(target.caller_number)
            values = {v.ORIGINATION_NUMBER: shown}
            if not (target.named and exports == v.ORIGINATION_NAME):
                # A name of its own, or the caller's own words would go out with the number.
                values[v.ORIGINATION_NAME] = shown
        if exports == v.FROM_DISPLAY:
            values[v.FROM_DISPLAY] = values[v.ORIGINATION_NAME]
        return values
    shows_ring = bool(exports) and not leg.original_name
    values = {**_anonymous(ring.anonymous), v.IDENTITY_HEADER: "none"} if withheld else {}
    if withheld and shows_ring:
        del values[v.ORIGINATION_NAME]
    if leg.caller_number:
        values[v.ORIGINATION_NUMBER] = _number(leg.caller_number)
    if shows_ring and exports == v.FROM_DISPLAY:
        values |= {v.IDENTITY_HEADER: "none", v.IGNORE_DISPLAY: "true"}
    return values


def _connected(leg: Leg) -> dict[str, str]:
    """Whom the caller sees when the leg answers, whatever its phone says of itself."""
    if leg.connected is None:
        return {}
    name = untrusted.caller_name(leg.connected.name)[:MAX_CONNECTED]
    return {
        v.CALLEE_NAME: quote(name, safe="").replace("~", "%7E"),
        v.CALLEE_NUMBER: _number(leg.connected.number),
        v.IGNORE_REMOTE_ID: "true",
    }


def _is_withheld(leg: Leg) -> bool:
    return isinstance(leg.target, Outside) and leg.target.caller_number is None


def _anonymous(name: str = "Anonymous") -> dict[str, str]:
    """No number and no name leaves us, and Privacy says so (RFC 3323)."""
    return {
        v.ORIGINATION_NUMBER: "anonymous",
        v.ORIGINATION_NAME: name,
        v.ORIGINATION_PRIVACY: "hide_name:hide_number",
        v.PRIVACY: "id",
    }


def _number(number: str) -> str:
    shown = untrusted.number(number)
    if not shown:
        raise Untrusted(f"not a caller's number: {untrusted.log(number, 60)}")
    return shown


def _origin(ring: Ring, caller: str | None) -> dict[str, str]:
    """What the leg says of itself when it comes back to us, sent on by the caller."""
    values: dict[str, str] = {}
    if ring.caller_device and caller is not None:
        account, _, domain = ring.caller_device.partition("@")
        values[v.SENT_BY] = sent_by(caller, account, domain)
    if ring.pool:
        values[v.POOL] = untrusted.account(ring.pool)
        # Every event of the leg says this, and so does the switch's table.
        values[v.PRESENCE_DATA] = f"{v.POOL}:{values[v.POOL]}"
    return values


def sent_by(uuid: str, account: str, domain: str) -> str:
    """The value of ``eslr_sent_by`` on a leg that the leg ``uuid`` of this phone talks to."""
    return f"{untrusted.uuid(uuid)}:{untrusted.account(account)}@{untrusted.host(domain)}"


def _orders(leg: Leg, uuid: str, caller: str | None, exports: str) -> dict[str, tuple[str, ...]]:
    """API commands that the switch runs by itself for this leg, in words."""
    orders: dict[str, tuple[str, ...]] = {}
    target = leg.target
    if isinstance(target, Registered):
        if leg.original_name and exports == v.FROM_DISPLAY:
            orders[v.API_ON_ORIGINATE] = ("uuid_setvar", uuid, v.FROM_DISPLAY)
        # Whoever has to press 1 has not got the call by his answer.
        if caller is not None and not leg.confirm:
            whose = sent_by(uuid, target.account, target.domain)
            orders[v.API_ON_ANSWER] = ("uuid_setvar", untrusted.uuid(caller), v.SENT_BY, whose)
    return orders


def _telling(tell: Mapping[str, str], caller: str | None) -> tuple[str, ...]:
    """The API command that sets these variables on the caller's own leg; none without one."""
    values = ";".join(f"{name}={untrusted.account(value)}" for name, value in tell.items() if value)
    if not values or caller is None:
        return ()
    return ("uuid_setvar_multi", untrusted.uuid(caller), values)


def _block(values: Mapping[str, str], orders: Mapping[str, tuple[str, ...]]) -> str:
    phrases = {name: (value,) for name, value in values.items()} | dict(orders)
    checked = (
        f"{name}={' '.join(untrusted.dial_value(word) for word in words)}"
        for name, words in phrases.items()
    )
    return "[^^~" + "~".join(checked) + "]"
