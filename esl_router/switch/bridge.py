"""The ``bridge`` application of the simulated switch: it rings, and connects who answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from esl_router import variables
from esl_router.switch.channel import Channel, new_uuid, true
from esl_router.switch.dialplan import BadDialString, DialledLeg, parse
from esl_router.switch.originate import Does, Group, LegState, Order
from esl_router.switch.phones import Behaviour
from esl_router.switch.placed import Shown

if TYPE_CHECKING:
    from esl_router.switch.call import Call

_GOES_ON = {"NO_ANSWER", "NO_USER_RESPONSE", "ORIGINATOR_CANCEL"}
"""Causes after which the caller's leg lives on without ``continue_on_fail``."""

_DIAL_STATUS = {
    "ORIGINATOR_CANCEL": "CANCEL",
    "USER_BUSY": "BUSY",
    "NO_ANSWER": "NOANSWER",
    "DESTINATION_OUT_OF_ORDER": "INVALIDARGS",
    "CALL_REJECTED": "DONTCALL",
}


class CallerGone(Exception):
    """The caller's leg has ended; the cause is on its channel."""


@dataclass(slots=True)
class _Leg:
    party: str
    channel: Channel
    behaviour: Behaviour
    code: int = 0


class Bridge:
    """What one call does with dial strings."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._legs: dict[str, _Leg] = {}
        self._joining: dict[str, str] = {}
        """Legs of an originate of their own -> the place that they take at their answer."""

    def close(self) -> None:
        """End every leg that is left."""
        for leg in list(self._legs.values()):
            self._end_leg(leg, "NORMAL_CLEARING")

    def run(self, argument: str) -> None:
        leg = self._call.leg
        if not leg.true("preserve_originated_vars") and "preserve_originated_vars" in leg.variables:
            for name in ("originate_causes", "originated_legs"):
                leg.set(name, "")
        try:
            dial = parse(argument)
        except BadDialString:
            self._failed("DESTINATION_OUT_OF_ORDER")
            return
        cause = "DESTINATION_OUT_OF_ORDER"
        for dialled in dial.groups:
            group, missing = self._group(dialled, {**self._exported(), **dial.variables})
            if group is None:
                cause = missing
                continue
            winner = self._ring(group)
            if winner is not None:
                self._talk(winner)
                return
            cause = group.cause
            if group.rejected or group.timed_out:
                break
        self._failed(cause)

    def _group(
        self, dialled: Iterable[DialledLeg], shared: Mapping[str, str]
    ) -> tuple[Group | None, str]:
        """The legs for which a channel comes into being; without any the cause."""
        caller = self._call.leg
        number = caller.variables.get("effective_caller_id_number", caller.number)
        legs: list[DialledLeg] = []
        for each in dialled:
            found = self._call.switch.find(each.address, self._call.script)
            if found is None:
                account = each.address.rpartition("/")[2].partition("%")[0]
                self._call.note("unregistered", account)
                continue
            given = {**shared, **each.variables}
            uuid = given.get("origination_uuid") or new_uuid()
            legs.append(DialledLeg(each.address, {**given, "origination_uuid": uuid}))
            if "origination_caller_id_number" in given:
                number = caller.number  # for the legs behind it
            leg = self._add(uuid, each.address, found, given, number)
            if not true(given.get("local_var_clobber")):
                leg.channel.variables |= shared
            self._run_orders(leg.channel, "api_on_originate")
        if not legs:
            return None, "USER_NOT_REGISTERED"
        return Group(tuple(legs), shared, self._call.now()), ""

    def _add(
        self,
        uuid: str,
        address: str,
        found: tuple[str, Behaviour],
        given: dict[str, str],
        number: str,
    ) -> _Leg:
        """A channel to a phone that was found."""
        caller, (party, behaviour) = self._call.leg, found
        channel = Channel(
            uuid=uuid,
            inbound=False,
            name=address,
            number=given.get("origination_caller_id_number", number),
            display=given.get("origination_caller_id_name", caller.display),
            destination=party,
            context=caller.context,
            created=self._call.now(),
            username=caller.username,
            presence=given.get("presence_id", ""),
            call_uuid=caller.uuid,
            variables=given,
            state="DOWN",
            other=caller,
        )
        leg = self._legs[uuid] = _Leg(party, channel, behaviour)
        self._call.switch.add(channel, self._call)
        return leg

    @staticmethod
    def _connected(leg: _Leg) -> tuple[str, str]:
        """What a leg has for its ``callee_id``."""
        given = leg.channel.variables
        name = given.get(variables.CALLEE_NAME, "Outbound Call")
        return name, given.get(variables.CALLEE_NUMBER, leg.party)

    def _exported(self) -> dict[str, str]:
        """The variables that the caller's leg gives to the others."""
        given = self._call.leg.variables
        names = given.get("export_vars", "").split(",")
        return {name.removeprefix("nolocal:"): given[name] for name in names if name in given}

    def _run_orders(self, leg: Channel, prefix: str) -> None:
        """The API commands that a leg's variables name for this moment."""
        for name, order in list(leg.variables.items()):
            if name.startswith(prefix):
                self._call.switch.api(order)

    def _ring(self, group: Group) -> _Leg | None:
        """Ring until one leg has won (returned) or all have ended."""
        uuids = [leg.variables["origination_uuid"] for leg in group.dialled]
        for uuid in uuids:
            name, number = self._connected(self._legs[uuid])
            self._call.leg.push("originated_legs", f"{uuid};{name};{number}")
        self._call.leg.set("originate_signal_bond", uuids[-1])
        orders = group.begin()
        try:
            while True:
                for order in orders:
                    self._carry_out(order.does, uuids[order.leg], order.cause)
                if group.finished:
                    break
                deadline = group.deadline(self._call.now())
                left = None if deadline is None else deadline - self._call.now()
                kind, what, uuid = self._call.wait(left)
                if kind == "nothing":
                    orders = group.advance(self._call.now())
                elif kind == "join" and uuid in uuids:
                    self._join(what, uuid)
                    orders = []
                elif uuid in self._joining and self._joined(group, uuids, uuid, kind, what):
                    orders = group.heard(uuids.index(uuid), "answered", self._call.now())
                elif uuid in uuids and kind in ("phone", "kill"):
                    orders = self._phone(group, uuids.index(uuid), kind, what)
                else:
                    orders = []
        except CallerGone:
            for order in group.cancel(self._call.leg.cause):
                self._carry_out(order.does, uuids[order.leg], order.cause)
            self._leave(self._call.leg.cause)
            raise
        self._leave("LOSE_RACE")
        for uuid, cause in group.causes():
            self._call.leg.push("originate_causes", f"{uuid};{cause}")
        return None if group.winner is None else self._legs[uuids[group.winner]]

    def _join(self, argument: str, place: str) -> None:
        """An originate calls a phone that is to take a place in the ring at its answer."""
        dial = parse(argument)
        each = dial.groups[0][0]
        found = self._call.switch.find(each.address, self._call.script)
        if found is None:
            return
        uuid = each.variables["origination_uuid"]
        self._add(uuid, each.address, found, dict(each.variables), "")
        self._joining[uuid] = place
        self._carry_out(Does.INVITE, uuid, "")
        self._call.after(each.seconds("leg_timeout") + 0.5, "kill", "ALLOTTED_TIMEOUT", uuid)

    def _joined(self, group: Group, uuids: list[str], uuid: str, kind: str, what: str) -> bool:
        """Something happened on such a leg; whether it has taken its place."""
        leg = self._legs.get(uuid)
        if leg is None:
            return False
        if kind == "kill" or what not in ("ringing", "answered"):
            self._end_leg(leg, what if kind == "kill" else what.partition(" ")[0])
            return False
        self._heard(leg, what)
        if what == "ringing":
            return False
        index = uuids.index(self._joining.pop(uuid))
        self._end_leg(self._legs[uuids[index]], "PICKED_OFF")
        uuids[index] = uuid
        ringing = group.legs[index]
        ringing.dialled = DialledLeg(leg.channel.name, {"origination_uuid": uuid})
        return True

    def _leave(self, cause: str) -> None:
        """The ring is over: phones that were to join it are called off, as the router does."""
        for uuid in list(self._joining):
            if (leg := self._legs.get(uuid)) is not None:
                self._end_leg(leg, cause)
        self._joining.clear()

    def _heard(self, leg: _Leg, what: str) -> None:
        """A phone rings, or answers."""
        if what == "ringing":
            leg.channel.state = "RINGING"
            self._call.switch.tell(leg.channel)
        else:
            leg.channel.answered = self._call.now()
            self._run_orders(leg.channel, "api_on_answer")
            leg.channel.state = "ACTIVE"
            self._call.switch.tell(leg.channel)
            self._call.note("answer", leg.party)

    def _phone(self, group: Group, index: int, kind: str, what: str) -> list[Order]:
        """Something happened on a leg."""
        uuid = group.dialled[index].variables["origination_uuid"]
        leg = self._legs.get(uuid)
        if leg is None or not leg.channel.alive:
            return []
        if kind == "kill":
            self._end_leg(leg, what)
            return group.heard(index, what, self._call.now())
        if what in ("ringing", "answered"):
            self._heard(leg, what)
        elif what.startswith("pressed "):
            key = group.dialled[index].variables.get("group_confirm_key")
            if group.legs[index].state is not LegState.CONFIRMING or key != what[8:]:
                return []
            self._call.note("confirmed", leg.party)
            what = "confirmed"
        elif what == "hung up":
            self._end_leg(leg, "NORMAL_CLEARING")
            what = "NORMAL_CLEARING"
        else:
            what, _, code = what.partition(" ")
            leg.code = int(code)
            if leg.behaviour.redirect:
                leg.channel.set(variables.REDIRECT_USER, leg.behaviour.redirect)
            leg.channel.set(variables.FAILURE_STATUS, code)
            self._call.leg.set("last_bridge_proto_specific_hangup_cause", f"sip:{code}")
            self._end_leg(leg, what)
        return group.heard(index, what, self._call.now())

    def _carry_out(self, does: Does, uuid: str, cause: str) -> None:
        leg = self._legs[uuid]
        if does is Does.INVITE:
            shown = Shown(
                leg.channel.variables.get("sip_from_display", leg.channel.display),
                leg.channel.number,
                leg.channel.variables.get("alert_info", ""),
            )
            if leg.party:
                self._call.note("ring", leg.party, shown=shown)
            for delay, what in leg.behaviour.script():
                self._call.after(delay, "phone", what, uuid)
        elif does is Does.CANCEL:
            self._end_leg(leg, cause)

    def _end_leg(self, leg: _Leg, cause: str) -> None:
        if leg.channel.uuid in self._legs:
            del self._legs[leg.channel.uuid]
            rang = leg.channel.state != "DOWN"
            self._call.leg.variables["last_bridge_hangup_cause"] = cause
            self._call.switch.end(leg.channel, cause, self._call.now())
            if leg.party:
                self._call.note("end" if rang else "silent", leg.party, cause)

    def _talk(self, leg: _Leg) -> None:
        """The conversation, to its end."""
        caller, peer = self._call.leg, leg.channel
        caller.set("originate_signal_bond", "")
        caller.variables |= {"originate_disposition": "SUCCESS", "DIALSTATUS": "SUCCESS"}
        caller.variables["last_bridge_to"] = caller.variables["bridge_uuid"] = peer.uuid
        peer.variables["last_bridge_to"] = caller.uuid
        caller.variables["bridge_channel"] = peer.name
        caller.other = peer
        self._call.answer()
        self._call.placed.answered = leg.party
        name, number = self._connected(leg)
        self._call.placed.connected = Shown(unquote(name), number)
        self._call.note("through", leg.party)
        try:
            while True:
                kind, what, uuid = self._call.wait()
                if kind == "phone" and uuid == peer.uuid and what == "hung up":
                    break
                if kind == "kill" and uuid == peer.uuid:
                    break
        finally:
            for name in ("last_bridge_hangup_cause", "bridge_hangup_cause"):
                caller.variables[name] = "NORMAL_CLEARING"
            caller.variables["last_bridge_proto_specific_hangup_cause"] = "sip:200"
            self._end_leg(leg, "NORMAL_CLEARING")
        if caller.true("hangup_after_bridge"):
            self._call.end("NORMAL_CLEARING")

    def _failed(self, cause: str) -> None:
        leg = self._call.leg
        leg.variables |= {
            "originate_disposition": cause,
            "originate_failed_cause": cause,
            "DIALSTATUS": _DIAL_STATUS.get(cause, cause),
        }
        goes_on = leg.variables.get("continue_on_fail", "")
        listed = cause in goes_on.split(",")
        if cause not in _GOES_ON and not leg.true("continue_on_fail") and not listed:
            self._call.end(cause)
