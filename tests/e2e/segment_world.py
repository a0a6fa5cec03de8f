"""For test_segments.py: a main database full of traps, and random criteria documents over it. Everything is seeded."""
import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import tempfile
import uuid
from datetime import datetime, timedelta

import judge
from world import BIN, ENV

NOW = judge.parse_time("2026-03-10T12:00:00Z")
NOWS = ["2026-03-10T12:00:00Z", "2026-03-10T14:00:00+02:00", "2026-03-10T12:00:00.999Z", "2026-03-10T11:59:59Z",
        "2026-03-10T12:00:01Z", "2026-04-01T00:00:00Z"]
DAYS = [0, 1, 3, 7, 14, 30, 90]

# The reference schema without its CHECK and UNIQUE clauses: a business's own database need not have them.
SCHEMA = """
CREATE TABLE customers (id {key} PRIMARY KEY, name TEXT, phone TEXT, email TEXT, is_new_client BOOLEAN, notes TEXT,
    created_at TEXT, updated_at TEXT);
CREATE TABLE appointments (id {key} PRIMARY KEY, customer_id {key}, appointment_datetime TEXT, service_type TEXT,
    provider TEXT, duration_minutes INTEGER, status TEXT, booked_by TEXT, cancellation_reason TEXT, cancelled_at TEXT,
    created_at TEXT, updated_at TEXT);
CREATE TABLE conversations (id TEXT PRIMARY KEY, customer_id {key}, channel TEXT, status TEXT, conversation_type TEXT,
    campaign_id TEXT, initiated_at TEXT, last_activity_at TEXT, completed_at TEXT, satisfaction_score INTEGER,
    sentiment TEXT, outcome TEXT, subject TEXT, ai_summary TEXT, metadata TEXT, created_at TEXT, updated_at TEXT);
CREATE TABLE communication_messages (id TEXT PRIMARY KEY, conversation_id TEXT, direction TEXT, content TEXT,
    sent_at TEXT, metadata TEXT);
CREATE TABLE appointment_requests (id TEXT PRIMARY KEY, customer_id {key}, conversation_id TEXT, channel TEXT,
    status TEXT, service_type TEXT, created_at TEXT, updated_at TEXT);
"""
WORDS = {
    "channel": ["sms", "voice", "email", "Sms", " sms", ""],
    "type": ["inbound_service", "research", "outbound_sales", "Research"],
    "conversation_status": ["active", "completed", "failed", "failed "],
    "outcome": ["appointment_booked", "booking_in_progress", "booking_attempted", "info_only", "browsing", "Browsing",
                "", "info_only "],
    "sentiment": ["positive", "neutral", "negative", "mixed"],
    "status": ["scheduled", "completed", "cancelled", "no_show", "rescheduled", "Cancelled"],
    "service": ["Check-up", "check-up", " Check-up", "Ästhetik", "filler % botox", ""],
    "provider": ["Dr. Amara", "Dr.  Amara", "李", "dr. amara"],
    "booked_by": ["staff", "ai_agent", "sms"],
}
NAMES = ["Zoë Bell", "ZOË BELL", "Zoe\u0308 Bell", "Ångström", "ÅNGSTRÖM", "İstanbul Işık", "ISTANBUL", "ΣΊΣΥΦΟΣ", "σίσυφος",
         "Straße", "STRASSE", "ẞharp", "李磊", "100% cotton", "100 cotton", "a_b", "axb", "O'Brien", "Ǆungla", "ǅungla",
         "ᲐᲑ", "აბ", "\U00010400\U00010401", "\U00010428\U00010429", "Ꭰ", "ꭰ", "emoji \U0001f600 end", " ", "",
         "K\u212aelvin", "Ω\u2126", "İ", "back\\slash", "quote\"d", "tab\there", "two\nlines", "%", "_"]
PHONES = ["+13055552071", "(305) 555-2071", "1 305 555 2071", "305.555.2071", "+1\u00a0305\u00a0555\u00a02071", "305\t5552071",
          "1-305-555-2071", "305-555-2072", "+1 (305) 555 2072", "+44 20 7946 0000", "+442079460000", "+44-20-7946-0000",
          "020 7946 0000", "+012345678", "+1234567", "+12345678", "+3531234567", "+49 30 123456789012345", "+4930123456",
          "305-555-2071 x12", "305-555-2071 / 305-555-2072", "105 555 2071", "305 155 2071", "+1 305 055 2071", "555-2071",
          "2 305 555 2071", "", " ", "none", "+", "++13055552071", "+1305555207", "+130555520711", "٣٠٥٥٥٥٢٠٧١", "305–555–2071",
          "(+1) 305 555 2073", "13055552073", "+1.305.555.2073", "+123456789012345", "+1234567890123456", "+5511987654321"]
EMAILS = ["ann@example.com", "Ann@Example.COM", " ann@example.com ", "ANN@EXAMPLE.com", "ann+tag@example.com", "a@b.c",
          "a@@example.com", "a@b@example.com", "@example.com", "a@", "a@localhost", "a@example..com", "a@.example.com",
          "a@example.com.", "a b@example.com", "a,b@example.com", "a;b@example.com", "<a@example.com>", "\"a\"@example.com",
          "a@exämple.com", "ann.o@sub.example.co.uk", "", " ", "x" * 242 + "@example.com", "x" * 243 + "@example.com",
          "a\\b@example.com", "a(b)@example.com", "bob@example.com", "BOB@example.com\n", "a[b@example.com", "a:b@example.com",
          "a@example.com, b@example.com", "a@exam ple.com", "a\tb@example.com"]
KEYS = ["visited_booking_page", "a.b", "k", "nested", "", "Ünï", "visited", "key with blank", "a", "$", "$.k", "0"]
BAD_METADATA = ["", "{", "null", "[]", "[\"k\"]", "\"k\"", "true", "12", "{\"k\":1,}", "{'k':1}", "{\"k\":NaN}", "{\"k\" 1}",
                "{\"k\":1} x", "{\"k\":01}", "{k:1}", "not json", "{\"k\":\"a\nb\"}", "{\"a\":{\"b\":1}", " {} ",
                "{\"k\":false,\"k\":true}", "{\"k\":true,\"k\":null}"]
# Opted out, as an operator types it.
SUPPRESSED = [("+44 20 7946 0000", "sms"), ("(305) 555-2072", "voice"), (" Bob@Example.COM", "email"), ("+55 11 98765-4321", "all"),
              ("ann+tag@example.com", "all")]
SCORES = [None, 0, 1, 5, 7, 8, 9, 10]


def stamp(rng, t):
    """One way to write the instant t."""
    at = judge.EPOCH + timedelta(seconds=t)
    style = rng.randrange(8)
    if style < 5:
        return at.strftime("%Y-%m-%d %H:%M:%S")
    if style == 5:
        return at.strftime("%Y-%m-%dT%H:%M:%SZ")
    if style == 6:
        return at.strftime("%Y-%m-%d %H:%M:%S") + rng.choice([".999999", ".5", ".0"])
    hours = rng.choice([-5, 2, 9])
    return (at + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S") + f"{hours:+03d}:00"


def instant(rng, ahead=0.2):
    """Near a boundary, mostly."""
    pick = rng.random()
    if pick < 0.55:
        sign = 1 if rng.random() < ahead else -1
        return NOW + sign * rng.choice(DAYS) * judge.DAY + rng.choice([-1, 0, 0, 1])
    if pick < 0.93:
        return NOW + rng.randint(-200, int(200 * ahead)) * judge.DAY + rng.randint(0, judge.DAY)
    return rng.choice([judge.parse_time(t) for t in (
        "1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z", "1901-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "2024-02-29T23:59:59Z")])


def maybe_time(rng, absent=0.1, **kwargs):
    return None if rng.random() < absent else stamp(rng, instant(rng, **kwargs))


def metadata(rng):
    if rng.random() < 0.25:
        return None
    if rng.random() < 0.2:
        return rng.choice(BAD_METADATA)
    value = {}
    for key in rng.sample(KEYS, rng.randint(0, 3)):
        value[key] = rng.choice([True, False, None, "false", "", 0, 1, "yes", [], {}, {"k": 1}, "2026-03-03", 1772000000,
                                 "2026-02-30T10:00:00Z", "2026-03-07T12:00:00Z", "2026-03-07 12:00:00", "2026-03-07T12:00:00.5",
                                 "2026-03-07T14:00:00+02:00", "2026-03-07T06:59:59-05:00", "2026-03-07T12:00", "2026-13-01T00:00:00Z",
                                 " 2026-03-07T12:00:00Z", "2026-03-07T12:00:00Zx", "2026-03-07T24:00:00Z", "2026-03-07T12:00:00+0200",
                                 "2027-01-01T00:00:00Z", "1960-01-01T00:00:00Z", ["2026-03-07T12:00:00Z"], {"t": "2026-03-07T12:00:00Z"},
                                 maybe_time(rng, 0), maybe_time(rng, 0)])
    return json.dumps(value, ensure_ascii=rng.random() < 0.5)


class Main:
    """The business's own database, and how it changes."""

    def __init__(self, path, seed, customers, uuids, mixed):
        """uuids: keys of customers and appointments too; mixed: some keys in capitals, which no key range can compare."""
        self.rng = random.Random(seed)
        self.mixed = mixed
        self.uuids = uuids
        self.clock = NOW - 30 * judge.DAY   # of updated_at
        self.next = {"customers": 1, "appointments": 1}
        self.gone = []
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.executescript(SCHEMA.format(key="TEXT" if uuids else "INTEGER"))
        self.db.execute("BEGIN")
        for _ in range(customers):
            self.add("customers")
        for _ in range(customers * 2):
            self.add("appointments")
            self.add("conversations")
        for _ in range(customers // 2):
            self.add("appointment_requests")
        self.db.execute("COMMIT")

    def uuid(self):
        text = str(uuid.UUID(int=self.rng.getrandbits(128), version=4))
        return text.upper() if self.mixed and self.rng.random() < 0.3 else text

    def keys(self, name):
        return [row[0] for row in self.db.execute(f"SELECT id FROM {name} ORDER BY id")]

    def some(self, name):
        keys = self.keys(name)
        return self.rng.choice(keys) if keys else None

    def owner(self):
        """A customer, seldom nobody, one who does not exist, or one who comes later."""
        rng, pick = self.rng, self.rng.random()
        if pick < 0.05:
            return None
        if pick < 0.08 and self.gone:
            return rng.choice(self.gone)
        if pick < 0.12:
            return self.uuid() if self.uuids else self.next["customers"] + rng.randint(0, 8)
        key = self.some("customers")
        if self.uuids and self.mixed and rng.random() < 0.2:   # the same key, written otherwise
            key = key.swapcase()
        return key

    def key(self, name):
        if self.uuids or name not in self.next:
            return self.uuid()
        key = self.next[name]
        self.next[name] += self.rng.choice([1, 1, 1, 7])
        return key

    def now(self):
        """The instant of a sync."""
        return (judge.EPOCH + timedelta(seconds=self.clock + 1)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def touched(self):
        """Of updated_at: seldom absent, at times older than that of a change already seen (a long transaction)."""
        self.clock += self.rng.randint(0, 20)
        pick = self.rng.random()
        if pick < 0.02:
            return None
        if pick < 0.04:   # a clock that is wrong
            return "2099-01-01 00:00:00"
        return stamp(self.rng, self.clock - (self.rng.randint(0, 60) if pick < 0.3 else 0))

    def word(self, kind):
        return None if self.rng.random() < 0.1 else self.rng.choice(WORDS[kind])

    def values(self, name):
        rng = self.rng
        if name == "customers":
            return {"name": None if rng.random() < 0.1 else rng.choice(NAMES), "phone": None if rng.random() < 0.1 else rng.choice(PHONES),
                    "email": None if rng.random() < 0.1 else rng.choice(EMAILS), "is_new_client": rng.choice([None, 0, 1]),
                    "notes": None if rng.random() < 0.4 else rng.choice(NAMES) + " " + rng.choice(NAMES),
                    "created_at": maybe_time(rng)}
        if name == "appointments":
            status = self.word("status")
            return {"customer_id": self.owner(), "appointment_datetime": maybe_time(rng, ahead=0.4), "service_type": self.word("service"),
                    "provider": self.word("provider"), "duration_minutes": rng.choice([None, 30]), "status": status,
                    "booked_by": self.word("booked_by"),
                    "cancelled_at": maybe_time(rng, 0.3 if status == "cancelled" else 0.8), "created_at": maybe_time(rng)}
        if name == "conversations":
            return {"customer_id": self.owner(), "channel": self.word("channel"), "status": self.word("conversation_status"),
                    "conversation_type": self.word("type"), "initiated_at": maybe_time(rng), "last_activity_at": maybe_time(rng),
                    "satisfaction_score": rng.choice(SCORES), "sentiment": self.word("sentiment"), "outcome": self.word("outcome"),
                    "metadata": metadata(rng), "created_at": maybe_time(rng)}
        return {"customer_id": self.owner(), "conversation_id": self.request_target(),
                "channel": self.word("channel"), "status": rng.choice([None, "new", "in_progress", "booked", "dismissed", "New"]),
                "created_at": maybe_time(rng)}

    def request_target(self):
        pick = self.rng.random()
        if pick < 0.1:
            return None
        key = self.some("conversations") if pick < 0.9 else self.uuid()
        return key.swapcase() if key and self.mixed and self.rng.random() < 0.2 else key

    def add(self, name, key=None):
        row = {"id": self.key(name) if key is None else key, **self.values(name), "updated_at": self.touched()}
        # two rows of one owner at one time: the id decides
        if name in ("appointments", "conversations") and self.rng.random() < 0.25:
            column = "appointment_datetime" if name == "appointments" else "last_activity_at"
            twin = self.db.execute(f"SELECT customer_id, {column} FROM {name} WHERE {column} IS NOT NULL "
                                   "ORDER BY substr(id, -2), id LIMIT 1 OFFSET ?", [self.rng.randrange(20)]).fetchone()
            if twin:
                row["customer_id"], row[column] = twin
        self.db.execute(f"INSERT INTO {name} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values()))

    def change(self):
        """One random change, as a business makes it: updated_at is kept."""
        rng = self.rng
        name = rng.choice(["customers", "appointments", "conversations", "appointment_requests"])
        act = rng.random()
        key = self.some(name)
        if act < 0.35 or key is None:
            if name == "customers" and self.gone and rng.random() < 0.5:
                self.add(name, self.gone.pop(rng.randrange(len(self.gone))))   # comes back, or after its rows
            else:
                self.add(name)
        elif act < 0.55:
            self.db.execute(f"DELETE FROM {name} WHERE id = ?", [key])
            if name == "customers":
                self.gone.append(key)
        else:
            fresh = self.values(name)
            row = {column: fresh[column] for column in rng.sample(sorted(fresh), rng.randint(1, 3))}
            row["updated_at"] = self.touched()
            sets = ", ".join(f"{column} = ?" for column in row)
            self.db.execute(f"UPDATE {name} SET {sets} WHERE id = ?", [*row.values(), key])


class Place:
    """A configuration, a main database and a ledger in a temporary folder, and the judge who knows them."""

    def __init__(self, seed, customers=120, uuids=False, mixed=True, country="US", settings=""):
        self.dir = tempfile.mkdtemp(prefix="canvass-judge-")
        self.country = country
        self.path = os.path.join(self.dir, "main.db")
        self.ledger = os.path.join(self.dir, "state", "canvass.db")
        with open(os.path.join(self.dir, "config.yaml"), "w", encoding="utf-8") as f:
            f.write("business: {name: Trap, assistant: Ava, phone: \"+13105550100\", email: hello@example.com,\n"
                    f"  timezone: America/New_York, country: {country}, postal_address: \"1 Street\"}}\n"
                    "main_database: {url: \"sqlite:main.db\"}\n"
                    "sms: {provider: twilio, account_sid: AC78b07cf2208ac965a4ad1135748f9b2c, auth_token_file: twilio.token,\n"
                    "  from: \"+13105550100\"}\n"
                    f"policy: {{frequency_cap: {{messages: 2, days: 7}}}}\n{settings}")
        self.secret("twilio.token")
        self.main = Main(self.path, seed, customers, uuids, mixed)
        self.outcomes = judge.BOOKING
        self.calls = 0

    def secret(self, name):
        path = os.path.join(self.dir, name)
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="utf-8") as f:
            f.write("0123456789abcdef0123456789abcdef\n")

    def run(self, *args, stdin=None):
        self.calls += 1
        return subprocess.run([os.path.join(BIN, "canvass"), "--config", os.path.join(self.dir, "config.yaml"), "--home",
                               os.path.join(self.dir, "state"), *args],
                              env=ENV, input=stdin, capture_output=True, timeout=120)

    def json(self, *args, stdin=None):
        done = self.run(*args, "--json", stdin=stdin)
        if done.returncode != 0:
            raise AssertionError(f"{args}: exit {done.returncode}\n{stdin}\n{done.stdout.decode()}{done.stderr.decode()}")
        return json.loads(done.stdout)

    def sync(self, *flags):
        return self.json("sync", *flags)

    def judge(self):
        self.json("segment", "list")   # makes the ledger
        return judge.Judge(self.path, self.ledger, self.country, self.outcomes, (2, 7), SUPPRESSED)

    def file(self, text, suffix=".json"):
        path = os.path.join(self.dir, f"criteria-{random.getrandbits(48):x}{suffix}")
        with open(path, "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
        return path

    def fill_ledger(self, seed):
        """Campaigns, deliveries of every state, suppressed addresses. Needs the ledger, so after the first sync."""
        rng = random.Random(seed)
        self.json("segment", "list")   # makes the ledger
        db = sqlite3.connect(self.ledger)
        for number in (1, 2, 3):
            db.execute("INSERT INTO campaign (id, uuid, name, type, channel, spec, created_at, updated_at) "
                       "VALUES (?, ?, ?, 'research', 'sms', '{}', 0, 0)", [number, str(number), f"C{number}"])
        for customer in self.main.keys("customers"):
            for campaign in (1, 2, 3):
                for channel in rng.choice([(), (), ("sms",), ("sms",), ("email",), ("voice",)]):
                    state = rng.choice(["queued", "sending", "retry_wait", "accepted", "sent", "delivered", "delivered",
                                        "undelivered", "failed", "in_doubt", "skipped"])
                    row = self.main.db.execute("SELECT phone, email FROM customers WHERE id = ?", [customer]).fetchone()
                    address = judge.email(row[1]) if channel == "email" else judge.phone(row[0], self.country)
                    accepted = instant(rng, 0) if state in judge.CONTACTED or rng.random() < 0.2 else None
                    replied = instant(rng, 0) if accepted and state in judge.CONTACTED and rng.random() < 0.4 else None
                    db.execute("INSERT OR IGNORE INTO delivery (campaign_id, customer_id, channel, address, state, reason, claimed_at, "
                               "accepted_at, replied_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
                               [campaign, judge.same_id(customer), channel, address or f"none-{customer}", state,
                                "capped" if state == "skipped" else None, NOW, accepted, replied])
        db.commit()
        db.close()
        for address, channel in SUPPRESSED:
            self.json("suppress", "add", address, "--channel", channel)

    def close(self):
        self.main.db.close()
        if os.environ.get("CANVASS_TEST_KEEP"):
            print("kept", self.dir)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Documents:
    """Random valid criteria."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.used = set()

    def days(self):
        return self.rng.choice(DAYS + DAYS + [2, 365, 100000, 10**12, 10**30])

    def word(self, kind):
        pool = WORDS[kind] + ["unheard of"]
        pick = self.rng.random()
        if pick < 0.6:
            return self.rng.choice(pool)
        return self.rng.sample(pool, self.rng.randint(0, 3))

    def number(self, pool=(0, 1, 2, 3, 4, 1.5)):
        if self.rng.random() < 0.4:
            return self.rng.choice(pool)
        return {sign: self.rng.choice(pool) for sign in self.rng.sample(["<", "<=", ">", ">=", "!="], self.rng.randint(1, 2))}

    def score(self):
        return self.number((0, 1, 5, 7, 7.5, 8, 9, 10, 11))

    def flag(self):
        return self.rng.random() < 0.5

    def pick(self, makers, least=1, most=3):
        names = self.rng.sample(sorted(makers), self.rng.randint(least, min(most, len(makers))))
        self.rng.shuffle(names)
        return {name: makers[name]() for name in names}

    def ages(self):
        return {"older_than_days": self.days, "within_days": self.days}

    def needle(self):
        text = self.rng.choice(NAMES + ["%", "_", "é", "ß", "SS", "Σ", "ς", "ი", "kelvin", "ω", "i̇"])
        if not text.strip():
            return self.rng.choice([" ", "  ", "ö"])
        start = self.rng.randrange(len(text))
        part = text[start:start + self.rng.randint(1, 6)]
        return self.rng.choice([part, part.upper(), part.lower(), part.swapcase()]) or "x"

    def leaf(self):
        rng = self.rng
        fact = {**self.ages(), "never": self.flag}
        word = lambda kind: lambda: self.word(kind)  # noqa: E731
        leaves = {
            "last_contact": lambda: self.pick(fact), "last_visit": lambda: self.pick(fact),
            "last_cancellation": lambda: self.pick(fact), "last_activity": lambda: self.pick(fact),
            "next_appointment": lambda: self.pick({"in_next_days": self.days, "never": self.flag}),
            "last_appointment": lambda: self.pick({**fact, "status": word("status"), "service": word("service"),
                                                   "provider": word("provider"), "cancelled_within_days": self.days}),
            "appointment_count": self.number, "conversation_count": self.number, "last_satisfaction": self.score,
            "conversation": lambda: self.pick({
                **self.ages(), "channel": word("channel"), "type": word("type"), "status": word("conversation_status"),
                "outcome": word("outcome"), "sentiment": word("sentiment"), "booking_intent": self.flag,
                "satisfaction": self.score, "has_metadata": lambda: rng.choice(KEYS[:4] + KEYS[5:]), "count": self.number}, 0),
            "appointment": lambda: self.pick({
                **self.ages(), "status": word("status"), "service": word("service"), "provider": word("provider"),
                "booked_by": word("booked_by"), "upcoming": self.flag, "count": self.number}, 0),
            "customer": lambda: self.pick({
                "is_new_client": self.flag, "has_phone": self.flag, "has_email": self.flag, "created_within_days": self.days,
                "created_older_than_days": self.days, "name_contains": self.needle, "notes_contain": self.needle}, 1, 2),
            "page_visit": lambda: {"key": rng.choice(KEYS[:4] + KEYS[5:]), **self.pick(fact)},
            "contacted_by": lambda: self.pick({
                "campaign": lambda: rng.choice([1, 2, 3, "any"]),
                "state": lambda: rng.choice(["contacted", "replied", "not_replied", "failed"]), **self.ages()}),
        }
        return leaves

    def flat(self):
        return {
            "channel": lambda: self.word("channel"), "has_booking_intent": self.flag,
            "min_satisfaction_score": lambda: self.rng.choice([0, 5, 7, 8, 7.5]),
            "max_satisfaction_score": lambda: self.rng.choice([0, 5, 8, 9, 10]), "outcome": lambda: self.word("outcome"),
            "has_appointment": self.flag, "days_since_last_contact": self.days, "days_since_last_appointment": self.days,
            "days_since_last_activity": self.days, "appointment_count": lambda: self.rng.choice([0, 1, 2]),
            "last_appointment_status": lambda: self.rng.choice(WORDS["status"]), "days_since_cancellation": self.days,
            "metadata_key": lambda: self.rng.choice(KEYS[:4] + KEYS[5:])}

    def node(self, depth=1):
        rng, pick = self.rng, self.rng.random()
        if depth < 5 and pick < 0.45 / depth + 0.1:
            kind = rng.choice(["all", "any", "any", "not"])
            if kind == "not":
                return {"not": self.node(depth + 1)}
            return {kind: [self.node(depth + 1) for _ in range(rng.choice([0, 1, 2, 2, 2, 3]))]}
        makers = {**self.leaf(), **self.flat()} if pick < 0.75 else self.flat() if pick < 0.88 else self.leaf()
        out = self.pick(makers, rng.choice([0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]), rng.choice([1, 1, 2, 4]))
        if "metadata_key" in out and rng.random() < 0.6:
            out["days_since_visit"] = self.days()
            items = list(out.items())
            rng.shuffle(items)
            out = dict(items)
        self.note(out)
        return out

    def note(self, leaf):
        """Which keys were drawn, so that a test can see that none is missing."""
        for name, value in leaf.items():
            self.used.add(name)
            if isinstance(value, dict):
                self.used.update(f"{name}/{key}" for key in value)


def to_yaml(value, indent=0):
    """Block style; texts quoted as in JSON."""
    pad = "  " * indent
    if isinstance(value, dict) and value:
        return "".join(f"\n{pad}{json.dumps(k, ensure_ascii=False) if not re.fullmatch('[a-z_]+', k) else k}:"
                       f"{to_yaml(v, indent + 1)}" for k, v in value.items())
    if isinstance(value, list) and value:
        return "".join(f"\n{pad}-{to_yaml(v, indent + 1)}" for v in value)
    return " " + json.dumps(value, ensure_ascii=False)
