"""A second, slow and literal reading of what criteria and reach mean (docs: "Semantics").

Written from the definitions alone and from nothing of the program: it looks at the raw tables of a main database (a
SQLite file) and of the ledger, customer by customer and row by row, and answers who is in a segment and who of them
can be reached. test_segments.py holds the program against it.
"""
import json
import re
import sqlite3
from datetime import datetime, timedelta

DAY = 86400
EPOCH = datetime(1970, 1, 1)
TIME = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})[T ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]+)?"
                  r"(Z|[+-][0-9]{2}:[0-9]{2})?")
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
CONTACTED = ("accepted", "sent", "delivered", "undelivered")
BOOKING = ("appointment_booked", "booking_in_progress", "booking_attempted")


def parse_time(text):
    """Seconds since the epoch, the fraction cut off, or None where the text is no time."""
    match = TIME.fullmatch(text) if isinstance(text, str) else None
    if not match:
        return None
    try:
        at = datetime(*(int(part) for part in match.groups()[:6]))
    except ValueError:
        return None
    offset = 0
    zone = match.group(7)
    if zone and zone != "Z":
        offset = (int(zone[1:3]) * 60 + int(zone[4:6])) * (60 if zone[0] == "+" else -60)
    return (at - EPOCH) // timedelta(seconds=1) - offset


def same_id(key):
    """The form in which two writings of one key are equal."""
    return key.lower() if isinstance(key, str) and UUID.fullmatch(key) else key


def id_order(key):
    """Integers as numbers, before texts, which go bytewise."""
    return (0, key, b"") if isinstance(key, int) else (1, 0, key.encode())


def lower(text):
    """Code point by code point, simple mapping: one to one, no context (the capital I with a dot is the odd one)."""
    return "".join("i" if c == "\u0130" else c.lower() for c in text)


def phone(text, country="US"):
    """E.164, or None. Only countries of the North American plan read numbers without + here."""
    if text is None:
        return None
    bare = re.sub("[ \u00a0\t().-]", "", text)
    ten = "[2-9][0-9]{2}[2-9][0-9]{6}"
    if re.fullmatch(r"\+[1-9][0-9]{7,14}", bare):
        return bare if bare[1] != "1" or re.fullmatch(r"\+1" + ten, bare) else None
    if country in ("US", "CA") and re.fullmatch("1?" + ten, bare):
        return "+1" + bare[-10:]
    return None


def email(text):
    """The address in lower case, or None."""
    if text is None:
        return None
    text = text.strip(" \t\r\n")
    if text.count("@") != 1 or len(text) > 254:
        return None
    local, domain = text.split("@")
    labels = domain.split(".")
    if not local or re.search(r"[\s\",;:<>()\[\]\\]", local) or len(labels) < 2:
        return None
    if not all(re.fullmatch("[A-Za-z0-9-]+", label) for label in labels):
        return None
    return lower(local) + "@" + domain.lower()


def held_metadata(text):
    """The keys that a metadata text holds, with their values."""
    def refuse(name):
        raise ValueError(name)
    try:
        value = json.loads(text, parse_constant=refuse) if text is not None else None
    except (ValueError, RecursionError):
        return {}
    if not isinstance(value, dict):
        return {}
    return {k: v for k, v in value.items() if v is not None and v is not False}


def table(db, name):
    cursor = db.execute(f"SELECT * FROM {name}")
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row)) for row in cursor]


class Customer:
    def __init__(self, row):
        self.row = row
        self.id = same_id(row["id"])
        self.appointments = []
        self.conversations = []
        self.deliveries = []


class Judge:
    def __init__(self, main, ledger, country="US", outcomes=BOOKING, cap=None, suppressed=()):
        """cap: (messages, days) of the frequency cap, None for no delivery counted; suppressed: (address, channel)."""
        self.country = country
        self.cap = cap
        db = sqlite3.connect(main)
        self.customers = {}
        for row in table(db, "customers"):
            customer = Customer(row)
            self.customers[customer.id] = customer
        wanted = {same_id(r["conversation_id"]) for r in table(db, "appointment_requests")
                  if r["status"] in ("new", "in_progress")}
        for row in table(db, "appointments"):
            owner = self.customers.get(same_id(row["customer_id"]))
            if owner:
                row["t"] = parse_time(row["appointment_datetime"])
                row["cancelled"] = parse_time(row["cancelled_at"])
                owner.appointments.append(row)
        for row in table(db, "conversations"):
            owner = self.customers.get(same_id(row["customer_id"]))
            if owner:
                row["t"] = parse_time(row["last_activity_at"])
                row["holds"] = held_metadata(row["metadata"])
                row["intent"] = row["outcome"] in outcomes or same_id(row["id"]) in wanted
                owner.conversations.append(row)
        db.close()
        db = sqlite3.connect(ledger)
        self.suppressed = {((email if "@" in a else lambda t: phone(t, country))(a), channel) for a, channel in suppressed}
        self.deliveries = table(db, "delivery")
        db.close()
        for row in self.deliveries:
            owner = self.customers.get(same_id(row["customer_id"]))
            if owner:
                owner.deliveries.append(row)

    # --- who is in it
    def ids(self, document, now):
        """Keys of the customers for whom the document holds, ascending."""
        found = [c.id for c in self.customers.values() if self.node(document, c, now)]
        return sorted(found, key=id_order)

    def node(self, node, customer, now):
        if "all" in node:
            return all(self.node(child, customer, now) for child in node["all"])
        if "any" in node:
            return any(self.node(child, customer, now) for child in node["any"])
        if "not" in node:
            return not self.node(node["not"], customer, now)
        return all(self.leaf(name, value, customer, now) for name, value in self.unflatten(node))

    @staticmethod
    def unflatten(node):
        """The leaves of an object, with the flat keys rewritten as the table of the flat form says."""
        out, filters, node = [], {}, dict(node)
        intent = node.pop("has_booking_intent", None)
        for key in ("channel", "outcome"):
            if key in node:
                filters[key] = node.pop(key)
        scores = {}
        if "min_satisfaction_score" in node:
            scores[">="] = node.pop("min_satisfaction_score")
        if "max_satisfaction_score" in node:
            scores["<="] = node.pop("max_satisfaction_score")
        if scores:
            filters["satisfaction"] = scores
        if intent is True:
            filters["booking_intent"] = True
        if filters:
            out.append(("conversation", filters))
        if intent is False:
            inner = {"booking_intent": True}
            if "channel" in filters:
                inner["channel"] = filters["channel"]
            out.append(("no_conversation", inner))
        if "has_appointment" in node:
            out.append(("appointment_count", {">=": 1} if node.pop("has_appointment") else 0))
        for fact in ("contact", "appointment", "activity"):
            if "days_since_last_" + fact in node:
                out.append(("last_" + fact, {"older_than_days": node.pop("days_since_last_" + fact)}))
        cancelled = node.pop("days_since_cancellation", None)
        if "last_appointment_status" in node:
            last = {"status": node.pop("last_appointment_status")}
            if cancelled is not None:
                last["cancelled_within_days"] = cancelled
            out.append(("last_appointment", last))
        elif cancelled is not None:
            out.append(("last_cancellation", {"within_days": cancelled}))
        if "metadata_key" in node:
            visit = {"key": node.pop("metadata_key")}
            if "days_since_visit" in node:
                visit["older_than_days"] = node.pop("days_since_visit")
            else:
                visit["never"] = False
            out.append(("page_visit", visit))
        return out + list(node.items())

    def leaf(self, name, value, customer, now):
        if name in ("last_contact", "last_visit", "next_appointment", "last_cancellation", "last_activity"):
            return age(getattr(self, name)(customer, now), value, now)
        if name == "last_appointment":
            return self.last_appointment_holds(customer, value, now)
        if name == "appointment_count":
            return compare(len(customer.appointments), value)
        if name == "conversation_count":
            return compare(len(customer.conversations), value)
        if name == "last_satisfaction":
            scored = [r for r in customer.conversations if r["satisfaction_score"] is not None and r["t"] is not None]
            last = max(scored, key=lambda r: (r["t"], id_order(same_id(r["id"]))), default=None)
            return compare(last["satisfaction_score"] if last else None, value)
        if name in ("conversation", "no_conversation"):
            hits = sum(self.conversation_holds(row, value, now) for row in customer.conversations)
            return compare(hits, value.get("count", {">=": 1})) != (name == "no_conversation")
        if name == "appointment":
            hits = sum(self.appointment_holds(row, value, now) for row in customer.appointments)
            return compare(hits, value.get("count", {">=": 1}))
        if name == "customer":
            return self.customer_holds(customer, value, now)
        if name == "page_visit":
            return age(self.last_page_visit(customer, value["key"]), value, now)
        if name == "contacted_by":
            return any(self.delivery_holds(row, value, now) for row in customer.deliveries)
        raise AssertionError("no leaf " + name)

    # --- facts
    @staticmethod
    def last_contact(customer, _):
        return max((r["t"] for r in customer.conversations if r["t"] is not None), default=None)

    @staticmethod
    def last_row(customer):
        timed = [r for r in customer.appointments if r["t"] is not None]
        return max(timed, key=lambda r: (r["t"], id_order(same_id(r["id"]))), default=None)

    @staticmethod
    def last_visit(customer, _):
        return max((r["t"] for r in customer.appointments if r["t"] is not None and r["status"] == "completed"),
                   default=None)

    @staticmethod
    def next_appointment(customer, now):
        return min((r["t"] for r in customer.appointments
                    if r["t"] is not None and r["t"] >= now and r["status"] == "scheduled"), default=None)

    @staticmethod
    def last_cancellation(customer, _):
        return max((r["cancelled"] for r in customer.appointments
                    if r["cancelled"] is not None and r["status"] == "cancelled"), default=None)

    def last_activity(self, customer, now):
        row = self.last_row(customer)
        both = [self.last_contact(customer, now), row["t"] if row else None]
        return max((t for t in both if t is not None), default=None)

    @staticmethod
    def last_page_visit(customer, key):
        times = []
        for row in customer.conversations:
            if key in row["holds"]:
                t = parse_time(row["holds"][key])
                times.append(row["t"] if t is None else t)
        return max((t for t in times if t is not None), default=None)

    # --- one row
    def last_appointment_holds(self, customer, value, now):
        row = self.last_row(customer)
        if not age(row["t"] if row else None, value, now):
            return False
        for key, column in (("status", "status"), ("service", "service_type"), ("provider", "provider")):
            if key in value and not (row and word(row[column], value[key])):
                return False
        if "cancelled_within_days" in value:
            return age(row["cancelled"] if row else None, {"within_days": value["cancelled_within_days"]}, now)
        return True

    @staticmethod
    def conversation_holds(row, value, now):
        for key, column in (("channel", "channel"), ("type", "conversation_type"), ("status", "status"),
                            ("outcome", "outcome"), ("sentiment", "sentiment")):
            if key in value and not word(row[column], value[key]):
                return False
        if "booking_intent" in value and row["intent"] != value["booking_intent"]:
            return False
        if "satisfaction" in value and not compare(row["satisfaction_score"], value["satisfaction"]):
            return False
        if "has_metadata" in value and value["has_metadata"] not in row["holds"]:
            return False
        return age(row["t"], value, now)

    @staticmethod
    def appointment_holds(row, value, now):
        for key, column in (("status", "status"), ("service", "service_type"), ("provider", "provider"),
                            ("booked_by", "booked_by")):
            if key in value and not word(row[column], value[key]):
                return False
        if "upcoming" in value and (row["t"] is not None and row["t"] >= now) != value["upcoming"]:
            return False
        return age(row["t"], value, now)

    def customer_holds(self, customer, value, now):
        row = customer.row
        created = parse_time(row["created_at"])
        tests = {
            "is_new_client": lambda v: bool(row["is_new_client"]) == v,
            "has_phone": lambda v: (phone(row["phone"], self.country) is not None) == v,
            "has_email": lambda v: (email(row["email"]) is not None) == v,
            "created_within_days": lambda v: age(created, {"within_days": v}, now),
            "created_older_than_days": lambda v: age(created, {"older_than_days": v}, now),
            "name_contains": lambda v: row["name"] is not None and lower(v) in lower(row["name"]),
            "notes_contain": lambda v: row["notes"] is not None and lower(v) in lower(row["notes"]),
        }
        return all(tests[key](wanted) for key, wanted in value.items())

    @staticmethod
    def delivery_holds(row, value, now):
        state = value.get("state", "contacted")
        contacted = row["state"] in CONTACTED
        replied = contacted and row["replied_at"] is not None
        if value.get("campaign", "any") not in ("any", row["campaign_id"]):
            return False
        if not {"contacted": contacted, "replied": replied, "not_replied": contacted and not replied,
                "failed": row["state"] in ("failed", "undelivered")}[state]:
            return False
        return age(row["replied_at"] if state == "replied" else row["accepted_at"], value, now)

    # --- reach
    def address(self, customer, channel):
        return email(customer.row["email"]) if channel == "email" else phone(customer.row["phone"], self.country)

    def capped(self, address, now):
        """Whatever reached the address within the days counts, over every channel; so does a call under way and one of
        which nobody knows whether it was taken."""
        messages, days = self.cap
        sent = sum(1 for r in self.deliveries if r["address"] == address
                   and (r["state"] in ("sending", "in_doubt")
                        or r["state"] in CONTACTED and age(r["accepted_at"], {"within_days": days}, now)))
        return sent + 1 > messages

    def reach(self, ids, channel, now):
        counts = dict.fromkeys(("reachable", "no_address", "opted_out", "capped", "duplicate_address"), 0)
        left = set()
        for key in ids:
            address = self.address(self.customers[key], channel)
            if address is None:
                counts["no_address"] += 1
            elif {(address, channel), (address, "all")} & self.suppressed:
                counts["opted_out"] += 1
            elif self.cap and self.capped(address, now):
                counts["capped"] += 1
            elif address in left:
                counts["duplicate_address"] += 1
            else:
                left.add(address)
                counts["reachable"] += 1
        return counts


def age(t, value, now):
    """Every age key that the object has holds of this time, which may be None."""
    tests = {
        "older_than_days": lambda n: t is not None and t <= now - n * DAY,
        "within_days": lambda n: t is not None and t >= now - n * DAY,
        "in_next_days": lambda n: t is not None and now <= t <= now + n * DAY,
        "never": lambda wanted: (t is None) == wanted,
    }
    return all(test(value[key]) for key, test in tests.items() if key in value)


def word(have, wanted):
    return have is not None and (have in wanted if isinstance(wanted, list) else have == wanted)


def compare(have, wanted):
    if have is None:
        return False
    if not isinstance(wanted, dict):
        return have == wanted
    tests = {"<": lambda n: have < n, "<=": lambda n: have <= n, ">": lambda n: have > n,
             ">=": lambda n: have >= n, "!=": lambda n: have != n}
    return all(tests[sign](n) for sign, n in wanted.items())
