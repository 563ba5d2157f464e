"""A simulated FreeSWITCH: for the demo, for tests, for benchmarks, and for scenarios of your own.

It dials into a router over TCP as FreeSWITCH 1.10.12 does in the sync mode of its ``socket``
application, rings scripted telephones by the dial strings it is given, and has an event socket for
the router's event link. The captures in ``fixtures/wire`` hold it to what a real one sends.

A scenario is a YAML file::

    about: The desk rings, then the mobile.
    rules: ../rules/company.yaml        # the rules it is played with
    now: "2026-03-02T10:00"             # the router's clock, in the domain's zone; default: now
    phones:                             # what telephones do unless a call says otherwise
      1001-desk: rings                  # … until the switch gives up
      1001-soft: {answer: 2}            # after 2 s; with hang_up: 5 it hangs up 5 s later
      1002-desk: {busy: 0.5}            # 486 after half a second
      1003-desk: {decline: 2}           # 603; any other code: {refuse: 480, after: 2}
      1007-desk: {redirect: "1002", after: 1}  # 302, with 1002 in its Contact
      1004-desk: dead                   # registered, but switched off
      1005-desk: unregistered
      1006-desk: [{answer: 3}, rings]   # two telephones registered with one account
      "+491711234567": {answer: 1, press: 1}   # presses 1 a second later (press_after);
                                        # without press somebody's mailbox has answered
    calls:
      - from: 1002-desk                 # an account, or a number outside: then by the trunk
        to: "1001"
        name: Bernd                     # the display name he writes
        now: "2026-03-02T19:00"         # only for this call
        at: 5                           # 5 s after the call before began, and beside it
        give_up: 20                     # he stops waiting; default: he waits
        hang_up: 3                      # seconds after the answer; null: the other side does
        enters: ["1001", "803417"]      # by his keys, each time he is asked
        phones: {1001-desk: dead}       # only while this call lasts
        expect:                         # compared by `check`; leave out what does not matter
          code: 200                     # the SIP status he gets
          rang: [1001-desk, 1001-soft]
          answered: 1001-soft           # or null
          mailbox: "1001"
          fallback: false               # whether the call went back to the dialplan
          because: [a few words]        # that the decisions' trace has

Numbers outside that no phone is given for answer 404. Time may be compressed
(:class:`~esl_router.switch.clock.Clock`); the timers are then as coarse as FreeSWITCH's own, which
count whole seconds.

After the router has closed, a routed call goes to the mailbox that was named or gets 480, as the
shipped dialplan does it. An unrouted one is marked ``fallback`` and gets 480: there is no
directory here that would know which phones to ring.
"""
