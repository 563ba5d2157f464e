"""The store's schema: one short function a change. A released function is never edited.

Keys are (domain, extension) and (domain, device name). ``position`` keeps the order of the rules
file. Instants are seconds since the epoch (UTC); wall-clock times are text in the zone that
their row names. A target is kept as it is written in the rules file (``extension:1002``).
"""

from __future__ import annotations

import secrets

import sqlite_utils

from esl_router.model import names

MIGRATIONS = sqlite_utils.Migrations("esl_router")


def known_names() -> frozenset[str]:
    """The names of every migration of this version."""
    return frozenset(migration.name for migration in MIGRATIONS._migrations)


@MIGRATIONS()
def m001_domains(db: sqlite_utils.Database) -> None:
    db.executescript(
        """
        CREATE TABLE domains (
            domain TEXT PRIMARY KEY CHECK (domain <> ''),
            country TEXT NOT NULL CHECK (country GLOB '[A-Z][A-Z]'),
            timezone TEXT NOT NULL CHECK (timezone <> ''),
            ring_cycle INTEGER NOT NULL CHECK (ring_cycle BETWEEN 1 AND 60),
            trunk TEXT NOT NULL CHECK (instr(trunk, '{number}') > 0),
            caller_id_out TEXT NOT NULL CHECK (
                caller_id_out IN ('caller', 'user') OR caller_id_out GLOB 'fixed:+[1-9]*'),
            toll_allow TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(toll_allow)),
            toll_deny TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(toll_deny)),
            max_redirects INTEGER NOT NULL CHECK (max_redirects BETWEEN 0 AND 20)
        ) STRICT;
        CREATE TABLE status_names (
            domain TEXT NOT NULL REFERENCES domains ON DELETE CASCADE,
            status TEXT NOT NULL CHECK (
                status IN ('available', 'away', 'dnd', 'lunch', 'business_trip', 'meeting')),
            position INTEGER NOT NULL,
            name TEXT NOT NULL CHECK (name <> ''),
            PRIMARY KEY (domain, status)
        ) STRICT;
        """
    )


@MIGRATIONS()
def m002_schedules(db: sqlite_utils.Database) -> None:
    db.executescript(
        """
        CREATE TABLE schedules (
            domain TEXT NOT NULL REFERENCES domains ON DELETE CASCADE,
            name TEXT NOT NULL CHECK (name <> ''),
            position INTEGER NOT NULL,
            timezone TEXT,
            holidays TEXT,
            PRIMARY KEY (domain, name)
        ) STRICT;
        CREATE TABLE schedule_hours (
            domain TEXT NOT NULL,
            schedule TEXT NOT NULL,
            position INTEGER NOT NULL,
            days TEXT NOT NULL CHECK (days <> ''),
            opens TEXT NOT NULL CHECK (opens GLOB '[0-2][0-9]:[0-5][0-9]'),
            closes TEXT NOT NULL CHECK (closes GLOB '[0-2][0-9]:[0-5][0-9]'),
            PRIMARY KEY (domain, schedule, position),
            FOREIGN KEY (domain, schedule) REFERENCES schedules ON DELETE CASCADE
        ) STRICT;
        CREATE TABLE schedule_closed (
            domain TEXT NOT NULL,
            schedule TEXT NOT NULL,
            position INTEGER NOT NULL,
            day TEXT NOT NULL CHECK (day GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
            PRIMARY KEY (domain, schedule, position),
            FOREIGN KEY (domain, schedule) REFERENCES schedules ON DELETE CASCADE
        ) STRICT;
        """
    )


@MIGRATIONS()
def m003_contacts(db: sqlite_utils.Database) -> None:
    db.executescript(
        """
        CREATE TABLE contacts (
            domain TEXT NOT NULL REFERENCES domains ON DELETE CASCADE,
            position INTEGER NOT NULL,
            name TEXT NOT NULL CHECK (name <> ''),
            PRIMARY KEY (domain, position)
        ) STRICT;
        CREATE TABLE contact_numbers (
            domain TEXT NOT NULL,
            contact INTEGER NOT NULL,
            position INTEGER NOT NULL,
            number TEXT NOT NULL CHECK (number GLOB '+[1-9]*' AND number NOT GLOB '+*[^0-9]*'),
            PRIMARY KEY (domain, contact, position),
            FOREIGN KEY (domain, contact) REFERENCES contacts ON DELETE CASCADE
        ) STRICT;
        CREATE INDEX contact_numbers_number ON contact_numbers (domain, number);
        """
    )


@MIGRATIONS()
def m004_users(db: sqlite_utils.Database) -> None:
    # Users and teams share one numbering plan: `extensions` makes an extension unique among
    # both, `numbers` a direct number unique in the whole store.
    db.executescript(
        """
        CREATE TABLE extensions (
            domain TEXT NOT NULL REFERENCES domains ON DELETE CASCADE,
            extension TEXT NOT NULL CHECK (
                length(extension) BETWEEN 2 AND 8 AND extension NOT GLOB '*[^0-9]*'),
            kind TEXT NOT NULL CHECK (kind IN ('user', 'team')),
            PRIMARY KEY (domain, extension),
            UNIQUE (domain, extension, kind)
        ) STRICT;
        CREATE TABLE numbers (
            number TEXT PRIMARY KEY CHECK (
                number GLOB '+[1-9]*' AND number NOT GLOB '+*[^0-9]*'),
            domain TEXT NOT NULL,
            extension TEXT NOT NULL,
            position INTEGER NOT NULL,
            FOREIGN KEY (domain, extension) REFERENCES extensions ON DELETE CASCADE
        ) STRICT;
        CREATE INDEX numbers_extension ON numbers (domain, extension, position, number);
        CREATE TABLE users (
            domain TEXT NOT NULL,
            extension TEXT NOT NULL,
            kind TEXT NOT NULL DEFAULT 'user' CHECK (kind = 'user'),
            position INTEGER NOT NULL,
            name TEXT NOT NULL,
            timezone TEXT,
            voicemail INTEGER NOT NULL CHECK (voicemail IN (0, 1)),
            busy_on_busy INTEGER NOT NULL CHECK (busy_on_busy >= 0),
            decline TEXT NOT NULL CHECK (decline IN ('auto', 'device', 'user')),
            PRIMARY KEY (domain, extension),
            FOREIGN KEY (domain, extension, kind)
                REFERENCES extensions (domain, extension, kind) ON DELETE CASCADE
        ) STRICT;
        """
    )


@MIGRATIONS()
def m005_workplaces(db: sqlite_utils.Database) -> None:
    db.executescript(
        """
        CREATE TABLE workplaces (
            domain TEXT NOT NULL REFERENCES domains ON DELETE CASCADE,
            name TEXT NOT NULL CHECK (name <> ''),
            position INTEGER NOT NULL,
            PRIMARY KEY (domain, name)
        ) STRICT;
        CREATE TABLE workplace_logins (
            domain TEXT NOT NULL,
            workplace TEXT NOT NULL,
            extension TEXT NOT NULL,
            PRIMARY KEY (domain, workplace),
            UNIQUE (domain, extension),
            FOREIGN KEY (domain, workplace) REFERENCES workplaces ON DELETE CASCADE,
            FOREIGN KEY (domain, extension) REFERENCES users ON DELETE CASCADE
        ) STRICT;
        """
    )


@MIGRATIONS()
def m006_devices(db: sqlite_utils.Database) -> None:
    # A device belongs to a user or to a workplace. `follow_me_position` is its place under
    # `follow_me`, NULL when it is not listed there.
    db.executescript(
        """
        CREATE TABLE devices (
            domain TEXT NOT NULL,
            name TEXT NOT NULL CHECK (
                length(name) BETWEEN 1 AND 64 AND name NOT GLOB '*[^A-Za-z0-9._-]*'),
            extension TEXT,
            workplace TEXT,
            position INTEGER NOT NULL,
            kind TEXT NOT NULL CHECK (kind IN ('sip', 'external')),
            password TEXT,
            number TEXT CHECK (number GLOB '+[1-9]*' AND number NOT GLOB '+*[^0-9]*'),
            confirm INTEGER NOT NULL DEFAULT 1 CHECK (confirm IN (0, 1)),
            location TEXT NOT NULL DEFAULT 'other' CHECK (location IN ('mobile', 'other')),
            dnd INTEGER NOT NULL DEFAULT 0 CHECK (dnd IN (0, 1)),
            user_configurable INTEGER NOT NULL DEFAULT 0 CHECK (user_configurable IN (0, 1)),
            follow_me_position INTEGER,
            PRIMARY KEY (domain, name),
            FOREIGN KEY (domain, extension) REFERENCES users ON DELETE CASCADE,
            FOREIGN KEY (domain, workplace) REFERENCES workplaces ON DELETE CASCADE,
            CHECK ((extension IS NULL) <> (workplace IS NULL)),
            CHECK ((kind = 'sip') = (password IS NOT NULL)),
            CHECK ((kind = 'external') = (number IS NOT NULL))
        ) STRICT;
        CREATE INDEX devices_extension ON devices (domain, extension);
        CREATE INDEX devices_workplace ON devices (domain, workplace);
        """
    )


@MIGRATIONS()
def m007_follow_me(db: sqlite_utils.Database) -> None:
    # `user_set` marks a row that the user changed himself: an import keeps it.
    db.executescript(
        """
        CREATE TABLE follow_me (
            domain TEXT NOT NULL,
            device TEXT NOT NULL,
            origin TEXT NOT NULL CHECK (origin IN ('internal', 'external', 'team')),
            enabled INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
            delay INTEGER NOT NULL DEFAULT 0 CHECK (delay BETWEEN 0 AND 600),
            ring INTEGER NOT NULL DEFAULT 30 CHECK (ring BETWEEN 1 AND 600),
            user_set INTEGER NOT NULL DEFAULT 0 CHECK (user_set IN (0, 1)),
            PRIMARY KEY (domain, device, origin),
            FOREIGN KEY (domain, device) REFERENCES devices ON DELETE CASCADE
        ) STRICT;
        """
    )


@MIGRATIONS()
def m008_presence(db: sqlite_utils.Database) -> None:
    db.executescript(
        """
        CREATE TABLE presence (
            domain TEXT NOT NULL,
            extension TEXT NOT NULL,
            status TEXT NOT NULL CHECK (
                status IN ('available', 'away', 'dnd', 'lunch', 'business_trip', 'meeting')),
            until INTEGER,
            revert TEXT NOT NULL CHECK (revert IN ('available', 'previous')),
            PRIMARY KEY (domain, extension),
            FOREIGN KEY (domain, extension) REFERENCES users ON DELETE CASCADE
        ) STRICT;
        CREATE TABLE profiles (
            domain TEXT NOT NULL,
            extension TEXT NOT NULL,
            status TEXT NOT NULL CHECK (
                status IN ('available', 'away', 'dnd', 'lunch', 'business_trip', 'meeting')),
            position INTEGER NOT NULL,
            no_answer_after INTEGER CHECK (no_answer_after BETWEEN 1 AND 600),
            queue_login TEXT CHECK (queue_login IN ('true', 'false', 'keep')),
            ring_group_calls INTEGER CHECK (ring_group_calls IN (0, 1)),
            PRIMARY KEY (domain, extension, status),
            FOREIGN KEY (domain, extension) REFERENCES users ON DELETE CASCADE
        ) STRICT;
        CREATE TABLE forwards (
            domain TEXT NOT NULL,
            extension TEXT NOT NULL,
            status TEXT NOT NULL,
            origin TEXT NOT NULL CHECK (origin IN ('internal', 'external')),
            condition TEXT NOT NULL CHECK (
                condition IN ('always', 'no_answer', 'busy', 'unregistered')),
            target TEXT NOT NULL CHECK (target <> ''),
            PRIMARY KEY (domain, extension, status, origin, condition),
            FOREIGN KEY (domain, extension, status) REFERENCES profiles ON DELETE CASCADE
        ) STRICT;
        """
    )


@MIGRATIONS()
def m009_callers(db: sqlite_utils.Database) -> None:
    db.executescript(
        """
        CREATE TABLE callers (
            domain TEXT NOT NULL,
            extension TEXT NOT NULL,
            position INTEGER NOT NULL,
            numbers TEXT NOT NULL CHECK (json_valid(numbers)),
            action TEXT NOT NULL CHECK (action IN ('ring', 'block')),
            PRIMARY KEY (domain, extension, position),
            FOREIGN KEY (domain, extension) REFERENCES users ON DELETE CASCADE
        ) STRICT;
        CREATE TABLE calendars (
            domain TEXT NOT NULL,
            extension TEXT NOT NULL,
            source TEXT NOT NULL CHECK (source <> ''),
            status TEXT NOT NULL CHECK (
                status IN ('available', 'away', 'dnd', 'lunch', 'business_trip', 'meeting')),
            forward TEXT,
            PRIMARY KEY (domain, extension),
            FOREIGN KEY (domain, extension) REFERENCES users ON DELETE CASCADE
        ) STRICT;
        """
    )


@MIGRATIONS()
def m010_teams(db: sqlite_utils.Database) -> None:
    # A team's `busy_on_busy` is NULL for `auto`: as many calls as members are logged in.
    db.executescript(
        """
        CREATE TABLE teams (
            domain TEXT NOT NULL,
            extension TEXT NOT NULL,
            kind TEXT NOT NULL DEFAULT 'team' CHECK (kind = 'team'),
            position INTEGER NOT NULL,
            name TEXT NOT NULL,
            strategy TEXT NOT NULL CHECK (
                strategy IN ('parallel', 'sequential', 'round_robin', 'longest_idle')),
            ring INTEGER NOT NULL CHECK (ring BETWEEN 1 AND 600),
            max_wait INTEGER NOT NULL CHECK (max_wait BETWEEN 1 AND 86400),
            busy_on_busy INTEGER CHECK (busy_on_busy >= 0),
            overflow_no_answer TEXT,
            overflow_busy TEXT,
            overflow_nobody TEXT,
            PRIMARY KEY (domain, extension),
            FOREIGN KEY (domain, extension, kind)
                REFERENCES extensions (domain, extension, kind) ON DELETE CASCADE
        ) STRICT;
        CREATE TABLE team_members (
            domain TEXT NOT NULL,
            team TEXT NOT NULL,
            extension TEXT NOT NULL,
            position INTEGER NOT NULL,
            delay INTEGER NOT NULL CHECK (delay BETWEEN 0 AND 600),
            logged_in INTEGER NOT NULL CHECK (logged_in IN (0, 1)),
            PRIMARY KEY (domain, team, extension),
            FOREIGN KEY (domain, team) REFERENCES teams ON DELETE CASCADE,
            FOREIGN KEY (domain, extension) REFERENCES users ON DELETE CASCADE
        ) STRICT;
        CREATE INDEX team_members_extension ON team_members (domain, extension);
        """
    )


@MIGRATIONS()
def m011_executives(db: sqlite_utils.Database) -> None:
    db.executescript(
        """
        CREATE TABLE executives (
            domain TEXT NOT NULL,
            extension TEXT NOT NULL,
            position INTEGER NOT NULL,
            enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
            filter TEXT NOT NULL CHECK (filter IN ('all', 'internal', 'external', 'custom')),
            before_forwarding INTEGER NOT NULL CHECK (before_forwarding IN (0, 1)),
            allow_opt_out INTEGER NOT NULL CHECK (allow_opt_out IN (0, 1)),
            alerting TEXT NOT NULL CHECK (alerting IN ('simultaneous', 'sequential')),
            rings INTEGER NOT NULL CHECK (rings BETWEEN 1 AND 20),
            alert_executive TEXT NOT NULL CHECK (
                alert_executive IN ('none', 'silent', 'splash', 'ring')),
            parallel_mobile INTEGER NOT NULL CHECK (parallel_mobile IN (0, 1)),
            parallel_other INTEGER NOT NULL CHECK (parallel_other IN (0, 1)),
            caller_name TEXT NOT NULL CHECK (caller_name IN
                ('executive', 'executive_caller', 'caller_executive', 'caller')),
            caller_number TEXT NOT NULL CHECK (caller_number IN ('executive', 'caller')),
            rollover_after INTEGER CHECK (rollover_after BETWEEN 1 AND 600),
            rollover_action TEXT,
            no_assistant TEXT NOT NULL CHECK (no_assistant IN ('rollover', 'executive')),
            push_recall INTEGER NOT NULL CHECK (push_recall BETWEEN 1 AND 600),
            PRIMARY KEY (domain, extension),
            FOREIGN KEY (domain, extension) REFERENCES users ON DELETE CASCADE
        ) STRICT;
        CREATE TABLE criteria (
            domain TEXT NOT NULL,
            executive TEXT NOT NULL,
            position INTEGER NOT NULL,
            name TEXT NOT NULL,
            active INTEGER NOT NULL CHECK (active IN (0, 1)),
            filter INTEGER NOT NULL CHECK (filter IN (0, 1)),
            origin TEXT CHECK (origin IN ('internal', 'external')),
            numbers TEXT NOT NULL CHECK (json_valid(numbers)),
            anonymous INTEGER NOT NULL CHECK (anonymous IN (0, 1)),
            schedule TEXT,
            PRIMARY KEY (domain, executive, position),
            FOREIGN KEY (domain, executive) REFERENCES executives ON DELETE CASCADE,
            FOREIGN KEY (domain, schedule) REFERENCES schedules
        ) STRICT;
        CREATE INDEX criteria_schedule ON criteria (domain, schedule);
        CREATE TABLE assistants (
            domain TEXT NOT NULL,
            executive TEXT NOT NULL,
            extension TEXT NOT NULL,
            position INTEGER NOT NULL,
            opted_in INTEGER NOT NULL CHECK (opted_in IN (0, 1)),
            divert TEXT,
            PRIMARY KEY (domain, executive, extension),
            FOREIGN KEY (domain, executive) REFERENCES executives ON DELETE CASCADE,
            FOREIGN KEY (domain, extension) REFERENCES users ON DELETE CASCADE
        ) STRICT;
        CREATE INDEX assistants_extension ON assistants (domain, extension);
        """
    )


@MIGRATIONS()
def m012_journal(db: sqlite_utils.Database) -> None:
    # A transferred call comes back with the uuid it had: one uuid may have several rows.
    db.executescript(
        """
        CREATE TABLE journal_calls (
            id INTEGER PRIMARY KEY,
            uuid TEXT NOT NULL,
            domain TEXT,
            started REAL NOT NULL,
            ended REAL NOT NULL,
            caller_number TEXT NOT NULL,
            caller_name TEXT NOT NULL,
            caller_account TEXT,
            dialled TEXT NOT NULL,
            callee TEXT,
            origin TEXT,
            result TEXT NOT NULL,
            code INTEGER,
            answered_by TEXT,
            answered_at REAL,
            trace TEXT NOT NULL CHECK (json_valid(trace)),
            problems TEXT NOT NULL CHECK (json_valid(problems))
        ) STRICT;
        CREATE INDEX journal_calls_uuid ON journal_calls (uuid);
        CREATE INDEX journal_calls_started ON journal_calls (started);
        CREATE INDEX journal_calls_callee ON journal_calls (callee, started);
        CREATE INDEX journal_calls_account ON journal_calls (caller_account, started);
        CREATE TABLE journal_attempts (
            call INTEGER NOT NULL REFERENCES journal_calls ON DELETE CASCADE,
            position INTEGER NOT NULL,
            action TEXT NOT NULL,
            started REAL NOT NULL,
            PRIMARY KEY (call, position)
        ) STRICT;
        CREATE TABLE journal_legs (
            call INTEGER NOT NULL,
            attempt INTEGER NOT NULL,
            position INTEGER NOT NULL,
            device TEXT NOT NULL,
            result TEXT NOT NULL,
            cause TEXT NOT NULL,
            started REAL,
            ended REAL,
            PRIMARY KEY (call, attempt, position),
            FOREIGN KEY (call, attempt) REFERENCES journal_attempts ON DELETE CASCADE
        ) STRICT;
        """
    )


@MIGRATIONS()
def m013_after_a_temporary_status(db: sqlite_utils.Database) -> None:
    # What holds when `until` has passed. It is settled when the temporary status is set: another
    # one on top of it must not become what comes back.
    db.executescript(
        """
        ALTER TABLE presence ADD COLUMN afterwards TEXT NOT NULL DEFAULT 'available' CHECK (
            afterwards IN ('available', 'away', 'dnd', 'lunch', 'business_trip', 'meeting'));
        """
    )


@MIGRATIONS()
def m014_team_turns(db: sqlite_utils.Database) -> None:
    # No foreign keys: an import that replaces a team must not forget whose turn it is.
    db.executescript(
        """
        CREATE TABLE team_turns (
            domain TEXT NOT NULL,
            team TEXT NOT NULL,
            extension TEXT NOT NULL,
            began REAL NOT NULL DEFAULT 0,
            talked REAL NOT NULL DEFAULT 0,
            PRIMARY KEY (domain, team, extension)
        ) STRICT;
        ALTER TABLE teams ADD COLUMN caller_prefix TEXT NOT NULL DEFAULT '';
        """
    )


@MIGRATIONS()
def m015_live_changes(db: sqlite_utils.Database) -> None:
    db.executescript(
        """
        ALTER TABLE domains ADD COLUMN live_changes TEXT NOT NULL DEFAULT 'ring_on' CHECK (
            live_changes IN ('ring_on', 'redecide'));
        ALTER TABLE users ADD COLUMN bob_cancel_pending INTEGER NOT NULL DEFAULT 0 CHECK (
            bob_cancel_pending IN (0, 1));
        """
    )


@MIGRATIONS()
def m016_outside_hours(db: sqlite_utils.Database) -> None:
    db.executescript(
        """
        ALTER TABLE presence ADD COLUMN hours_schedule TEXT;
        ALTER TABLE presence ADD COLUMN hours_status TEXT CHECK (
            hours_status IN ('available', 'away', 'dnd', 'lunch', 'business_trip', 'meeting'));
        """
    )


@MIGRATIONS()
def m017_before_a_status_sends_calls_away(db: sqlite_utils.Database) -> None:
    # ANY: seconds, or the word.
    db.executescript(
        """
        ALTER TABLE profiles ADD COLUMN alert_first ANY CHECK (alert_first = 'splash' OR
            (typeof(alert_first) = 'integer' AND alert_first BETWEEN 1 AND 60));
        ALTER TABLE profiles ADD COLUMN announce TEXT;
        ALTER TABLE presence ADD COLUMN message TEXT;
        """
    )


@MIGRATIONS()
def m018_call_forwards(db: sqlite_utils.Database) -> None:
    # Independent of `presence` and `forwards`: whatever the status is.
    db.executescript(
        """
        CREATE TABLE call_forwards (
            domain TEXT NOT NULL,
            extension TEXT NOT NULL,
            origin TEXT NOT NULL CHECK (origin IN ('internal', 'external')),
            target TEXT NOT NULL CHECK (target <> ''),
            enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
            PRIMARY KEY (domain, extension, origin),
            FOREIGN KEY (domain, extension) REFERENCES users ON DELETE CASCADE
        ) STRICT;
        ALTER TABLE callers ADD COLUMN schedule TEXT;
        """
    )


@MIGRATIONS()
def m019_limits(db: sqlite_utils.Database) -> None:
    # A row of before that has the usual ring time may never have been given one.
    db.executescript(
        """
        ALTER TABLE domains ADD COLUMN max_parallel_forwards INTEGER CHECK (
            max_parallel_forwards BETWEEN 1 AND 1000);
        ALTER TABLE users ADD COLUMN bob_count_outgoing_early INTEGER NOT NULL DEFAULT 0 CHECK (
            bob_count_outgoing_early IN (0, 1));
        ALTER TABLE devices ADD COLUMN redirect INTEGER NOT NULL DEFAULT 0 CHECK (
            redirect IN (0, 1));
        ALTER TABLE follow_me ADD COLUMN skip_if_busy INTEGER NOT NULL DEFAULT 0 CHECK (
            skip_if_busy IN (0, 1));
        ALTER TABLE follow_me ADD COLUMN ring_given INTEGER NOT NULL DEFAULT 1 CHECK (
            ring_given IN (0, 1));
        UPDATE follow_me SET ring_given = 0 WHERE origin = 'team' AND ring = 30;
        ALTER TABLE teams ADD COLUMN skip_if_busy INTEGER NOT NULL DEFAULT 1 CHECK (
            skip_if_busy IN (0, 1));
        """
    )


@MIGRATIONS()
def m020_what_executives_need(db: sqlite_utils.Database) -> None:
    db.executescript(
        """
        ALTER TABLE criteria ADD COLUMN unavailable INTEGER NOT NULL DEFAULT 0 CHECK (
            unavailable IN (0, 1));
        ALTER TABLE criteria ADD COLUMN dialled TEXT NOT NULL DEFAULT '[]' CHECK (
            json_valid(dialled));
        ALTER TABLE criteria ADD COLUMN holidays TEXT;
        ALTER TABLE domains ADD COLUMN alert_silent TEXT NOT NULL
            DEFAULT '<http://localhost>;info=silent' CHECK (length(alert_silent) BETWEEN 1 AND 200);
        ALTER TABLE domains ADD COLUMN codes TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(codes));
        """
    )


@MIGRATIONS()
def m021_calls_on_behalf(db: sqlite_utils.Database) -> None:
    db.executescript("ALTER TABLE journal_calls ADD COLUMN on_behalf TEXT;")


@MIGRATIONS()
def m022_history(db: sqlite_utils.Database) -> None:
    # No foreign keys to what changed: the history of what is gone stays. AUTOINCREMENT: a number
    # that was purged is not given again. `path` is a JSON list, from the rules file's first key on.
    db.executescript(
        """
        CREATE TABLE history (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            at REAL NOT NULL,
            domain TEXT NOT NULL,
            kind TEXT NOT NULL CHECK (kind IN ('administrator', 'user', 'router')),
            name TEXT NOT NULL,
            source TEXT NOT NULL CHECK (source <> ''),
            undoes INTEGER
        ) STRICT;
        CREATE INDEX history_at ON history (at);
        CREATE INDEX history_undoes ON history (undoes);
        CREATE TABLE history_changes (
            entry INTEGER NOT NULL REFERENCES history ON DELETE CASCADE,
            position INTEGER NOT NULL,
            path TEXT NOT NULL CHECK (json_valid(path)),
            before TEXT CHECK (before IS NULL OR json_valid(before)),
            after TEXT CHECK (after IS NULL OR json_valid(after)),
            place INTEGER,
            reordered INTEGER NOT NULL CHECK (reordered IN (0, 1)),
            PRIMARY KEY (entry, position)
        ) STRICT;
        CREATE INDEX history_changes_path ON history_changes (path, entry);
        """
    )


@MIGRATIONS()
def m023_calendars(db: sqlite_utils.Database) -> None:
    # A column that may become NULL needs a new table; nothing refers to the old one.
    # What was read of calendars and heard of messengers has no foreign keys: an import that
    # replaces the rules must not forget it. `edges` is when somebody is busy, begin and end by
    # turns; nothing else of an appointment is ever here.
    db.executescript(
        """
        ALTER TABLE calendars RENAME TO calendars_before;
        CREATE TABLE calendars (
            domain TEXT NOT NULL,
            extension TEXT NOT NULL,
            source TEXT NOT NULL CHECK (source <> ''),
            login TEXT CHECK (login <> ''),
            address TEXT CHECK (address <> ''),
            status TEXT CHECK (
                status IN ('available', 'away', 'dnd', 'lunch', 'business_trip', 'meeting')),
            forward TEXT,
            all_day TEXT NOT NULL CHECK (all_day IN ('ignore', 'free', 'busy')),
            tentative TEXT NOT NULL CHECK (tentative IN ('free', 'busy')),
            merge_gap INTEGER NOT NULL CHECK (merge_gap BETWEEN 0 AND 120),
            padding INTEGER NOT NULL CHECK (padding BETWEEN 0 AND 120),
            PRIMARY KEY (domain, extension),
            FOREIGN KEY (domain, extension) REFERENCES users ON DELETE CASCADE
        ) STRICT;
        INSERT INTO calendars
            SELECT domain, extension, source, NULL, NULL, status, forward, 'ignore', 'free', 5, 0
            FROM calendars_before;
        DROP TABLE calendars_before;
        CREATE TABLE calendar_feeds (
            domain TEXT NOT NULL,
            extension TEXT NOT NULL,
            source TEXT NOT NULL,
            settings TEXT NOT NULL,
            edges TEXT NOT NULL CHECK (json_valid(edges)),
            validator TEXT NOT NULL,
            expanded INTEGER,
            read INTEGER,
            failing INTEGER,
            problem TEXT,
            PRIMARY KEY (domain, extension)
        ) STRICT;
        CREATE TABLE messengers (
            domain TEXT NOT NULL,
            extension TEXT NOT NULL,
            status INTEGER NOT NULL CHECK (status IN (0, 1)),
            forward TEXT,
            PRIMARY KEY (domain, extension),
            FOREIGN KEY (domain, extension) REFERENCES users ON DELETE CASCADE
        ) STRICT;
        CREATE TABLE messenger_feed (
            domain TEXT NOT NULL,
            extension TEXT NOT NULL,
            says TEXT NOT NULL,
            until INTEGER NOT NULL,
            PRIMARY KEY (domain, extension)
        ) STRICT;
        ALTER TABLE presence ADD COLUMN hours_forward TEXT;
        """
    )


@MIGRATIONS()
def m024_subscriptions(db: sqlite_utils.Database) -> None:
    # Of telephones, not of the configuration: a domain that goes leaves them to their expiry.
    db.executescript(
        """
        CREATE TABLE subscriptions (
            call_id TEXT NOT NULL PRIMARY KEY,
            domain TEXT NOT NULL,
            account TEXT NOT NULL,
            watched TEXT NOT NULL,
            protocol TEXT NOT NULL,
            expires REAL NOT NULL,
            switch TEXT NOT NULL
        ) STRICT;
        """
    )


@MIGRATIONS()
def m025_contacts_of_several_sources(db: sqlite_utils.Database) -> None:
    # No reference to `domains`: an import that replaces the rules must not forget what a directory
    # said. Those of the rules file have the source ''. `folded` and `contact_words` are for
    # searching, without case and umlauts.
    db.executescript(
        """
        CREATE TABLE contacts_new (
            domain TEXT NOT NULL,
            source TEXT NOT NULL DEFAULT '' CHECK (source IN ('', 'ldap')),
            position INTEGER NOT NULL,
            name TEXT NOT NULL CHECK (name <> ''),
            folded TEXT NOT NULL DEFAULT '',
            PRIMARY KEY (domain, source, position)
        ) STRICT;
        CREATE TABLE contact_numbers_new (
            domain TEXT NOT NULL,
            source TEXT NOT NULL,
            contact INTEGER NOT NULL,
            position INTEGER NOT NULL,
            number TEXT NOT NULL CHECK (number GLOB '+[1-9]*' AND number NOT GLOB '+*[^0-9]*'),
            PRIMARY KEY (domain, source, contact, position),
            FOREIGN KEY (domain, source, contact) REFERENCES contacts_new ON DELETE CASCADE
        ) STRICT;
        CREATE TABLE contact_words (
            domain TEXT NOT NULL,
            word TEXT NOT NULL,
            source TEXT NOT NULL,
            contact INTEGER NOT NULL,
            PRIMARY KEY (domain, word, source, contact),
            FOREIGN KEY (domain, source, contact) REFERENCES contacts_new ON DELETE CASCADE
        ) STRICT, WITHOUT ROWID;
        INSERT INTO contacts_new SELECT domain, '', position, name, '' FROM contacts;
        INSERT INTO contact_numbers_new SELECT domain, '', contact, position, number
            FROM contact_numbers;
        """
    )
    for domain, position, name in db.execute(
        "SELECT domain, position, name FROM contacts_new"
    ).fetchall():
        db.execute(
            "UPDATE contacts_new SET folded = ? WHERE domain = ? AND position = ?",
            (names.fold(name), domain, position),
        )
        for word in names.search_words(name):
            db.execute("INSERT INTO contact_words VALUES (?, ?, '', ?)", (domain, word, position))
    db.executescript(
        """
        DROP TABLE contact_numbers;
        DROP TABLE contacts;
        ALTER TABLE contacts_new RENAME TO contacts;
        ALTER TABLE contact_numbers_new RENAME TO contact_numbers;
        CREATE INDEX contact_numbers_number ON contact_numbers (domain, number);
        CREATE INDEX contact_words_contact ON contact_words (domain, source, contact);
        CREATE INDEX contacts_folded ON contacts (domain, folded);
        CREATE TABLE contact_sources (
            domain TEXT NOT NULL,
            source TEXT NOT NULL,
            synced REAL,
            tried REAL NOT NULL,
            error TEXT NOT NULL DEFAULT '',
            PRIMARY KEY (domain, source)
        ) STRICT;
        ALTER TABLE domains ADD COLUMN ldap TEXT CHECK (ldap IS NULL OR json_valid(ldap));
        ALTER TABLE users ADD COLUMN controlled_device TEXT;
        ALTER TABLE users ADD COLUMN auto_answer INTEGER NOT NULL DEFAULT 0 CHECK (
            auto_answer IN (0, 1));
        ALTER TABLE criteria ADD COLUMN contact TEXT;
        """
    )


@MIGRATIONS()
def m026_workplaces_have_numbers(db: sqlite_utils.Database) -> None:
    db.executescript(
        """
        ALTER TABLE workplaces ADD COLUMN number TEXT CHECK (
            length(number) BETWEEN 1 AND 8 AND number NOT GLOB '*[^0-9]*');
        CREATE UNIQUE INDEX workplaces_number ON workplaces (domain, number);
        """
    )


@MIGRATIONS()
def m027_push(db: sqlite_utils.Database) -> None:
    # A SIP account that something wakes is an app: `push` is a JSON object then.
    db.executescript(
        """
        ALTER TABLE domains ADD COLUMN push TEXT CHECK (push IS NULL OR json_valid(push));
        ALTER TABLE devices ADD COLUMN push TEXT CHECK (
            push IS NULL OR (json_valid(push) AND kind = 'sip'));
        ALTER TABLE profiles ADD COLUMN push INTEGER NOT NULL DEFAULT 1 CHECK (push IN (0, 1));
        """
    )


@MIGRATIONS()
def m028_codes_by_phone(db: sqlite_utils.Database) -> None:
    # `remote` is the number at which users dial codes from outside. A wrong PIN is counted in a
    # table without a reference: an import replaces every user, and must forget no attempt.
    db.executescript(
        """
        ALTER TABLE domains ADD COLUMN code_sounds TEXT NOT NULL DEFAULT '{}' CHECK (
            json_valid(code_sounds));
        ALTER TABLE domains ADD COLUMN remote TEXT;
        CREATE UNIQUE INDEX domains_remote ON domains (remote);
        ALTER TABLE users ADD COLUMN pin TEXT;
        CREATE TABLE wrong_pins (
            domain TEXT NOT NULL,
            extension TEXT NOT NULL,
            at REAL NOT NULL
        ) STRICT;
        CREATE INDEX wrong_pins_extension ON wrong_pins (domain, extension, at);
        """
    )


@MIGRATIONS()
def m029_ring_times_of_forwards(db: sqlite_utils.Database) -> None:
    db.executescript(
        """
        ALTER TABLE domains ADD COLUMN forward_ring INTEGER CHECK (forward_ring BETWEEN 1 AND 300);
        ALTER TABLE domains ADD COLUMN dnd_over_cfu INTEGER NOT NULL DEFAULT 0 CHECK (
            dnd_over_cfu IN (0, 1));
        ALTER TABLE users ADD COLUMN forward_ring INTEGER CHECK (forward_ring BETWEEN 1 AND 300);
        ALTER TABLE call_forwards ADD COLUMN ring_splash INTEGER NOT NULL DEFAULT 0 CHECK (
            ring_splash IN (0, 1));
        """
    )


@MIGRATIONS()
def m030_secrets(db: sqlite_utils.Database) -> None:
    # Of this store, and of no rules: what legs through the trunk carry is sealed with it.
    db.executescript(
        """
        CREATE TABLE secrets (
            name TEXT NOT NULL PRIMARY KEY,
            value BLOB NOT NULL CHECK (length(value) = 32)
        ) STRICT;
        """
    )
    db.execute("INSERT INTO secrets VALUES ('trail', ?)", (secrets.token_bytes(32),))


@MIGRATIONS()
def m031_who_of_a_pool_rings(db: sqlite_utils.Database) -> None:
    db.executescript(
        """
        ALTER TABLE executives ADD COLUMN assistant_devices TEXT NOT NULL DEFAULT 'followme' CHECK (
            assistant_devices IN ('followme', 'primary'));
        ALTER TABLE executives ADD COLUMN executive_first INTEGER NOT NULL DEFAULT 0 CHECK (
            executive_first BETWEEN 0 AND 600);
        ALTER TABLE assistants ADD COLUMN rings INTEGER CHECK (rings BETWEEN 1 AND 20);
        """
    )


@MIGRATIONS()
def m032_what_a_pool_shows(db: sqlite_utils.Database) -> None:
    # A column's check goes with the column: the two are made anew, with one more word each.
    db.executescript(
        """
        ALTER TABLE executives ADD COLUMN name_mode TEXT NOT NULL DEFAULT 'executive_caller' CHECK (
            name_mode IN
                ('executive', 'executive_caller', 'caller_executive', 'caller', 'custom'));
        ALTER TABLE executives ADD COLUMN number_mode TEXT NOT NULL DEFAULT 'caller' CHECK (
            number_mode IN ('executive', 'caller', 'custom'));
        UPDATE executives SET name_mode = caller_name, number_mode = caller_number;
        ALTER TABLE executives DROP COLUMN caller_name;
        ALTER TABLE executives DROP COLUMN caller_number;
        ALTER TABLE executives RENAME COLUMN name_mode TO caller_name;
        ALTER TABLE executives RENAME COLUMN number_mode TO caller_number;
        ALTER TABLE executives ADD COLUMN custom_name TEXT CHECK (custom_name <> '');
        ALTER TABLE executives ADD COLUMN custom_number TEXT CHECK (custom_number <> '');
        ALTER TABLE executives ADD COLUMN caller_prefix TEXT NOT NULL DEFAULT '';
        ALTER TABLE executives ADD COLUMN connected_line TEXT NOT NULL DEFAULT 'device' CHECK (
            connected_line IN ('device', 'assistant', 'executive'));
        ALTER TABLE users ADD COLUMN fax_numbers TEXT NOT NULL DEFAULT '[]' CHECK (
            json_valid(fax_numbers));
        """
    )


@MIGRATIONS()
def m033_who_may_disturb_whom(db: sqlite_utils.Database) -> None:
    for name, usual in (
        ("push_ignores_bob", 0),
        ("push_follows_forward", 0),
        ("assistant_breaks_dnd", 0),
        ("assistant_respects_dnd", 1),
    ):
        db.execute(
            f"ALTER TABLE executives ADD COLUMN {name} INTEGER NOT NULL DEFAULT {usual}"
            f" CHECK ({name} IN (0, 1))"
        )


@MIGRATIONS()
def m035_mailboxes_greet_by_reason(db: sqlite_utils.Database) -> None:
    db.executescript(
        """
        ALTER TABLE users ADD COLUMN voicemail_greeting TEXT NOT NULL DEFAULT 'standard' CHECK (
            voicemail_greeting IN ('standard', 'by_reason', 'none'));
        """
    )


@MIGRATIONS()
def m036_missed_calls(db: sqlite_utils.Database) -> None:
    # `notices` is what the hook `notify` is still to be told. It refers to no domain: an import
    # replaces those, and must lose nothing.
    db.executescript(
        """
        ALTER TABLE journal_calls ADD COLUMN missed TEXT;
        ALTER TABLE journal_calls ADD COLUMN mailbox TEXT;
        ALTER TABLE journal_calls ADD COLUMN message INTEGER;
        CREATE INDEX journal_missed ON journal_calls (id) WHERE missed IS NOT NULL;
        ALTER TABLE domains ADD COLUMN notify TEXT CHECK (notify IS NULL OR json_valid(notify));
        CREATE TABLE notices (
            id INTEGER PRIMARY KEY,
            domain TEXT NOT NULL,
            at REAL NOT NULL,
            tried INTEGER NOT NULL DEFAULT 0,
            body TEXT NOT NULL CHECK (json_valid(body))
        ) STRICT;
        CREATE INDEX notices_turn ON notices (domain, tried, id);
        """
    )


@MIGRATIONS()
def m039_language(db: sqlite_utils.Database) -> None:
    # Of the words that the router itself puts on telephones.
    db.executescript("ALTER TABLE domains ADD COLUMN language TEXT NOT NULL DEFAULT 'en';")


@MIGRATIONS()
def m041_forwards_of_a_status_are_switched(db: sqlite_utils.Database) -> None:
    db.execute(
        "ALTER TABLE forwards ADD COLUMN enabled INTEGER NOT NULL DEFAULT 1"
        " CHECK (enabled IN (0, 1))"
    )


@MIGRATIONS()
def m042_times_of_an_origin_and_announcements(db: sqlite_utils.Database) -> None:
    # The sound is what a caller hears before a forward of every call takes him.
    db.executescript(
        """
        ALTER TABLE profiles ADD COLUMN internal_no_answer_after INTEGER CHECK (
            internal_no_answer_after BETWEEN 1 AND 600);
        ALTER TABLE profiles ADD COLUMN external_no_answer_after INTEGER CHECK (
            external_no_answer_after BETWEEN 1 AND 600);
        ALTER TABLE call_forwards ADD COLUMN announce TEXT CHECK (announce <> '');
        """
    )
