"""Who watches what at the moment, and what he was last shown. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from esl_router.lamps.subscription import Subscription
from esl_router.model.live import Lamp

MAX_EACH = 200
"""What one account may watch at once; with one more the oldest is given up. Whoever takes another's
name in From can use up no more than that."""


class Phone(NamedTuple):
    """All that watches in the name of one account, over one switch."""

    switch: str
    domain: str
    account: str


class Board:
    """The subscriptions that are known. Its methods are its only transitions."""

    def __init__(self) -> None:
        self._phones: dict[Phone, dict[str, Subscription]] = {}
        self._where: dict[str, Phone] = {}
        self._shown: dict[str, Lamp] = {}

    def __len__(self) -> int:
        return len(self._where)

    def add(self, subscription: Subscription) -> str | None:
        """Take one in, or what has become of it; the Call-ID of the one that was given up.

        What it shows is not known: a telephone that subscribes again wants to hear it again.
        """
        self.remove(subscription.call_id)
        phone = Phone(subscription.switch, subscription.domain, subscription.account)
        own = self._phones.setdefault(phone, {})
        oldest = next(iter(own)) if len(own) >= MAX_EACH else None
        if oldest is not None:
            self.remove(oldest)
        own[subscription.call_id] = subscription
        self._phones[phone] = own
        self._where[subscription.call_id] = phone
        return oldest

    def remove(self, call_id: str) -> bool:
        """Forget one; whether it was there."""
        phone = self._where.pop(call_id, None)
        self._shown.pop(call_id, None)
        if phone is None:
            return False
        own = self._phones[phone]
        del own[call_id]
        if not own:
            del self._phones[phone]
        return True

    def expire(self, now: float) -> tuple[str, ...]:
        """Forget those whose time is over; their Call-IDs."""
        over = tuple(
            call_id
            for own in self._phones.values()
            for call_id, each in own.items()
            if each.expires <= now
        )
        for call_id in over:
            self.remove(call_id)
        return over

    def phones(self) -> tuple[Phone, ...]:
        return tuple(self._phones)

    def phone_of(self, call_id: str) -> Phone | None:
        return self._where.get(call_id)

    def watched(self, phone: Phone) -> frozenset[str]:
        """What this phone watches."""
        return frozenset(each.watched for each in self._phones.get(phone, {}).values())

    def forget_shown(self, subscriptions: Iterable[str]) -> None:
        """What these show is not known any more."""
        for call_id in subscriptions:
            self._shown.pop(call_id, None)

    def all_of(self, switch: str) -> tuple[str, ...]:
        """The Call-IDs of everything that is watched over a switch."""
        return tuple(call_id for call_id, phone in self._where.items() if phone.switch == switch)

    def watching(self, switch: str, domain: str, watched: str) -> tuple[str, ...]:
        """The Call-IDs of everybody who watches the same."""
        return tuple(
            call_id
            for phone, own in self._phones.items()
            if (phone.switch, phone.domain) == (switch, domain)
            for call_id, each in own.items()
            if each.watched == watched
        )

    def news(
        self, phone: Phone, lamps: Mapping[str, Lamp]
    ) -> tuple[tuple[Subscription, Lamp], ...]:
        """What this phone is to be shown, of what it is not shown already."""
        return tuple(
            (each, lamps[each.watched])
            for call_id, each in self._phones.get(phone, {}).items()
            if each.watched in lamps and self._shown.get(call_id) is not lamps[each.watched]
        )

    def show(self, subscription: Subscription, lamp: Lamp) -> None:
        """It was told."""
        if subscription.call_id in self._where:
            self._shown[subscription.call_id] = lamp
