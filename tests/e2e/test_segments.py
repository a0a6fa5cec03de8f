#!/usr/bin/env python3
"""Segments against an independent judge: random criteria over a main database full of traps, what sync makes of
changes, and documents that must be refused. CANVASS_SEGMENT_DOCS=N compares N random documents instead of 450,
CANVASS_SEGMENT_SEED=S others over another world."""
import json
import os
import random
import re
from concurrent.futures import ThreadPoolExecutor

import judge
from segment_world import NOWS, Documents, Place, to_yaml
from world import main

DOCS = int(os.environ.get("CANVASS_SEGMENT_DOCS", "450"))
SEED = int(os.environ.get("CANVASS_SEGMENT_SEED", "0"))
CHANNELS = ("sms", "email", "voice")
TEMPLATES = {
    "sms_booking_abandoners": {"channel": "sms", "has_booking_intent": True, "has_appointment": False, "days_since_last_contact": 7},
    "booking_flow_abandoners": {"metadata_key": "visited_booking_page", "has_appointment": False, "days_since_visit": 3},
    "high_satisfaction_no_repeat": {"min_satisfaction_score": 8, "days_since_last_appointment": 90, "appointment_count": 1},
    "recent_callers_no_booking": {"all": [{"conversation": {"channel": "voice", "outcome": ["info_only", "browsing"]}},
                                          {"appointment_count": 0}, {"last_contact": {"within_days": 30}}]},
    "inactive_customers": {"has_appointment": True, "days_since_last_activity": 90},
    "cancelled_appointments": {"last_appointment_status": "cancelled", "days_since_cancellation": 14},
}


def compare(place, referee, document, now, channel, selector):
    """One document, both ways. Says what differs, or None."""
    t = judge.parse_time(now)
    want = referee.ids(document, t)
    answer = place.json("--now", now, "segment", "ids", *selector)
    got = [judge.same_id(key) for key in answer["ids"]]
    if got != want or answer["matched"] != len(want):
        missing, extra = [k for k in want if k not in got], [k for k in got if k not in want]
        return f"ids at {now}: {json.dumps(document, ensure_ascii=False)}\n   missing {missing[:5]} extra {extra[:5]} " \
               f"of {len(want)}; matched {answer['matched']}" + ("" if missing or extra else "; order")
    if channel:
        answer = place.json("--now", now, "segment", "count", *selector, "--channel", channel)
        reach = {"channel": channel, **referee.reach(want, channel, t)}
        if answer["matched"] != len(want) or answer["reach"] != reach:
            return f"reach at {now}: {json.dumps(document, ensure_ascii=False)}\n   want {reach}\n   got  {answer['reach']}"
    return None


def compare_many(place, cases):
    """cases: (document, now, channel, selector). Fails with the first few differences."""
    referee = place.judge()
    with ThreadPoolExecutor(2) as pool:
        found = [f for f in pool.map(lambda case: compare(place, referee, *case), cases) if f]
    if found:
        raise AssertionError(f"{len(found)} of {len(cases)} differ\n" + "\n".join(found[:12]))


def random_cases(place, seed, count, documents=None):
    rng = random.Random(seed)
    documents = documents or Documents(seed + 1)
    cases = []
    for _ in range(count):
        document = documents.node()
        if rng.random() < 0.25:
            path = place.file("# criteria" + to_yaml(document) + "\n" if document else "{}", rng.choice([".yaml", ".yml"]))
        else:
            path = place.file(json.dumps(document, ensure_ascii=rng.random() < 0.5, indent=rng.choice([None, 1])))
        cases.append((document, rng.choice(NOWS), rng.choice(CHANNELS) if rng.random() < 0.5 else None, ["--criteria", path]))
    return cases


def synced(seed, **kwargs):
    place = Place(seed, **kwargs)
    place.sync()
    place.fill_ledger(seed)
    return place


def test_random_documents():
    documents = Documents(7 + SEED)
    with synced(1 + SEED) as place:
        compare_many(place, random_cases(place, 11 + SEED, DOCS * 2 // 3, documents))
    if DOCS >= 400:
        missing = set(documents.leaf()) | set(documents.flat()) | {"days_since_visit"}
        assert not missing - documents.used, f"never drawn: {missing - documents.used}"


def test_random_documents_uuid_keys():
    with synced(2 + SEED, uuids=True) as place:
        compare_many(place, random_cases(place, 12 + SEED, DOCS // 3))


def test_templates():
    for seed, uuids in ((3, False), (4, True)):
        with synced(seed, uuids=uuids, customers=200) as place:
            compare_many(place, [(document, now, channel, ["--template", name]) for name, document in TEMPLATES.items()
                                 for now in NOWS[:2] for channel in CHANNELS])


def follow(place, seed, rounds, changes):
    """Rounds of changes, each followed by a sync; at the end a full one must find nothing else."""
    place.fill_ledger(seed)
    modes = []
    for number in range(rounds):
        for _ in range(changes if number else 0):
            place.main.change()
        result = place.sync("--now", place.main.now())
        modes.append(result["mode"])
        try:
            compare_many(place, random_cases(place, seed + number, 20) + probes(place))
        except AssertionError as difference:
            raise AssertionError(f"after round {number} ({result}): {difference}") from difference
    place.sync("--full")
    compare_many(place, random_cases(place, seed, 40) + probes(place))
    return modes


def probes(place):
    """Documents that look at every fact."""
    documents = [{name: {"never": False}} for name in ("last_contact", "last_appointment", "last_visit", "next_appointment",
                                                       "last_cancellation", "last_activity")]
    documents += [{name: {"older_than_days": n}} for n in (1, 7, 30, 90) for name in ("last_contact", "last_activity", "last_visit")]
    documents += [{name: n} for n in range(4) for name in ("conversation_count", "appointment_count")]
    documents += [{"last_satisfaction": n} for n in (0, 1, 5, 8, 10)]
    documents += [{"last_appointment": {"status": s}} for s in ("scheduled", "completed", "cancelled")]
    documents += [{"conversation": {"booking_intent": True}}, {"conversation": {"has_metadata": "k"}},
                  {"page_visit": {"key": "k", "within_days": 30}}, {"customer": {"is_new_client": True}},
                  {"customer": {"name_contains": "a"}}, {"customer": {"notes_contain": "e"}}, {"customer": {"created_within_days": 30}}]
    path = [place.file(json.dumps(document)) for document in documents]
    return [(document, NOWS[0], CHANNELS[n // 4 % 3] if n % 4 == 0 else None, ["--criteria", path[n]]) for n, document in enumerate(documents)]


def test_incremental_sync():
    for seed, uuids in ((21, False), (22, True)):
        with Place(seed + SEED, uuids=uuids, mixed=False) as place:
            place.sync("--now", place.main.now())
            modes = follow(place, seed + SEED, 3, 30)
            assert "incremental" in modes, f"never an incremental sync: {modes}"


def test_sync_of_keys_in_capitals():
    with Place(23, uuids=True) as place:
        place.sync()
        follow(place, 23, 3, 25)


def edge(place, table, **row):
    """One row of a hand-written world. Ids of appointments and conversations count up unless given."""
    row.setdefault("updated_at", "2026-03-01 00:00:00")
    if table == "conversations":
        row.setdefault("id", place.main.uuid())
    place.main.db.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values()))


def check(place, cases):
    """Against the expected keys, and the judge too: who errs there is found out."""
    referee = place.judge()
    wrong = []
    for document, want in cases:
        got = place.json("--now", NOWS[0], "segment", "ids", "--criteria", "-", stdin=json.dumps(document).encode())["ids"]
        judged = referee.ids(document, judge.parse_time(NOWS[0]))
        if got != want or judged != want:
            wrong.append(f"{json.dumps(document, ensure_ascii=False)}: want {want}, got {got}, the judge {judged}")
    assert not wrong, "\n".join(wrong)


def test_edges_of_appointments():
    at, before, later = "2026-03-10 12:00:00", "2026-03-10 11:59:59", "2026-03-10 12:00:01"
    with Place(41, customers=0) as place:
        for key in range(1, 13):
            edge(place, "customers", id=key, name=f"C{key}")
        rows = [
            (1, 10, at, "completed", None), (1, 2, at, "cancelled", None),           # a tie: 10 is later than 2
            (2, 20, before, "scheduled", None), (2, 21, at, "scheduled", None),      # next is now
            (3, 30, later, "cancelled", None),                                       # the next one is cancelled
            (4, 40, None, "completed", "2026-03-09 00:00:00"),                       # no time: counts in numbers only
            (5, 50, "2026-03-01 00:00:00", "cancelled", None),                       # cancelled, nobody knows when
            (6, 60, "2026-03-01 00:00:00", "cancelled", "2026-03-24 12:00:00"),      # cancelled in the future: within
            (7, 70, "2026-03-01 00:00:00", "rescheduled", "2026-03-09 12:00:00"),    # cancelled_at of another status
            (8, 80, "2026-02-01 00:00:00", "cancelled", "2026-02-24 12:00:00"),      # on the second, 14 days ago
            (9, 90, "2026-02-01 00:00:00", "cancelled", "2026-02-24 11:59:59.999"),  # a second earlier
            (10, 100, "2026-02-01 00:00:00", "cancelled", "2026-03-09 00:00:00"),    # an earlier one was cancelled
            (10, 99, "2026-02-02 00:00:00", "completed", None),
            (None, 110, at, "completed", None), (99, 111, at, "completed", None),    # nobody's
        ]
        for owner, key, t, status, cancelled in rows:
            edge(place, "appointments", id=key, customer_id=owner, appointment_datetime=t, status=status, cancelled_at=cancelled)
        place.sync()
        everybody = list(range(1, 13))
        check(place, [
            ({"last_appointment": {"status": "completed"}}, [1, 10]), ({"last_appointment_status": "cancelled"}, [3, 5, 6, 8, 9]),
            ({"next_appointment": {"never": False}}, [2]), ({"next_appointment": {"in_next_days": 0}}, [2]),
            ({"appointment": {"upcoming": True}}, [1, 2, 3]), ({"appointment": {"upcoming": False}}, [2, 4, 5, 6, 7, 8, 9, 10]),
            ({"appointment_count": 0}, [11, 12]), ({"has_appointment": False}, [11, 12]), ({"appointment_count": 2}, [1, 2, 10]),
            ({"last_appointment": {"never": True}}, [4, 11, 12]), ({"last_visit": {"never": False}}, [1, 10]),
            ({"appointment": {}}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), ({"appointment": {"count": 0}}, [11, 12]),
            ({"appointment": {"status": "completed", "older_than_days": 0}}, [1, 10]),
            ({"last_cancellation": {"within_days": 14}}, [6, 8, 10]), ({"days_since_cancellation": 14}, [6, 8, 10]),
            ({"last_cancellation": {"older_than_days": 14}}, [8, 9]), ({"last_cancellation": {"never": True}}, [1, 2, 3, 4, 5, 7, 11, 12]),
            ({"last_appointment_status": "cancelled", "days_since_cancellation": 14}, [6, 8]),
            ({"last_appointment": {"cancelled_within_days": 14}}, [6, 7, 8]),
            ({"last_appointment_status": "rescheduled", "days_since_cancellation": 14}, [7]),
            ({"not": {"last_appointment": {"older_than_days": 1}}}, [1, 2, 3, 4, 11, 12]),
            ({"last_appointment": {"within_days": 0}}, [1, 2, 3]), ({"last_appointment": {"older_than_days": 0, "within_days": 0}}, [1, 2]),
            ({"last_appointment": {"older_than_days": 10**40}}, []), ({"last_appointment": {"within_days": 10**40}}, [1, 2, 3, 5, 6, 7, 8, 9, 10]),
            ({"last_appointment": {"never": True, "older_than_days": 1}}, []), ({"appointment": {"count": {"!=": 1}}}, [1, 2, 10, 11, 12]),
            ({}, everybody), ({"all": []}, everybody), ({"any": []}, []), ({"not": {}}, []), ({"appointment": {"status": []}}, []),
        ])


def test_edges_of_days_ahead():
    with Place(43, customers=0) as place:
        times = ["2026-03-10 11:59:59", "2026-03-10 12:00:00", "2026-03-17 11:59:59", "2026-03-17 12:00:00", "2026-03-17 12:00:01",
                 "2026-03-17T14:00:00.9+02:00", "2026-03-10 12:00:00.5", "2999-01-01 00:00:00", None]
        for key, t in enumerate(times, 1):
            edge(place, "customers", id=key)
            edge(place, "appointments", id=key, customer_id=key, appointment_datetime=t, status="scheduled")
        place.sync()
        check(place, [
            ({"next_appointment": {"in_next_days": 7}}, [2, 3, 4, 6, 7]), ({"next_appointment": {"in_next_days": 0}}, [2, 7]),
            ({"next_appointment": {"in_next_days": 10**30}}, [2, 3, 4, 5, 6, 7, 8]), ({"next_appointment": {"never": True}}, [1, 9]),
            ({"next_appointment": {"in_next_days": 9, "never": True}}, []), ({"next_appointment": {"in_next_days": 7, "never": False}}, [2, 3, 4, 6, 7]),
            ({"appointment": {"within_days": 0}}, [2, 3, 4, 5, 6, 7, 8]), ({"appointment": {"upcoming": True, "older_than_days": 0}}, [2, 7]),
        ])


def test_edges_of_conversations():
    day, old = "2026-03-09 12:00:00", "2026-01-01 00:00:00"
    with Place(42, customers=0) as place:
        for key in range(1, 15):
            edge(place, "customers", id=key, name=f"C{key}")
        low, high = "0a000000-0000-4000-8000-000000000000", "0B000000-0000-4000-8000-000000000000"
        talk = lambda owner, **row: edge(place, "conversations", customer_id=owner, **row)  # noqa: E731
        # the same conversation must satisfy all filters, not one each
        talk(1, channel="sms", outcome="browsing", satisfaction_score=9, last_activity_at=old)
        talk(1, channel="voice", outcome="appointment_booked", satisfaction_score=2, last_activity_at="2025-12-01 00:00:00")
        talk(2, channel="sms", outcome="booking_attempted", satisfaction_score=8, last_activity_at=old)
        # a tie in time: ids in lower case decide, as bytes 0a would be the later
        talk(3, id=low, satisfaction_score=3, last_activity_at=day)
        talk(3, id=high, satisfaction_score=9, last_activity_at=day)
        # the latest scored one is not the latest; one without a time is never the last
        talk(4, satisfaction_score=7, last_activity_at=old)
        talk(4, satisfaction_score=None, last_activity_at=day)
        talk(5, satisfaction_score=10, last_activity_at=None, channel="email")
        # intent by a request: the request's own customer plays no part; its state does
        talk(6, id="0c000000-0000-4000-8000-000000000000", last_activity_at=day, channel="voice")
        talk(7, id="0d000000-0000-4000-8000-000000000000", last_activity_at=day, channel="voice")
        edge(place, "appointment_requests", id="r1", customer_id=9, conversation_id="0C000000-0000-4000-8000-000000000000", status="in_progress")
        edge(place, "appointment_requests", id="r2", customer_id=7, conversation_id="0d000000-0000-4000-8000-000000000000", status="booked")
        edge(place, "appointment_requests", id="r3", customer_id=8, conversation_id="0e000000-0000-4000-8000-000000000000", status="new")
        # metadata
        talk(10, last_activity_at=old, metadata='{"k":"2026-03-10T13:00:00+01:00","a.b":0,"gone":false,"x":null,"empty":"","no":"false"}')
        talk(11, last_activity_at=old, metadata='{"k":"2026-03-08","a":{"b":1}}')
        talk(11, last_activity_at=day, metadata='["k"]')
        talk(12, last_activity_at=None, metadata='{"k":"2026-02-30T00:00:00Z"}')
        talk(13, last_activity_at=None, metadata='{"k":"2026-03-01 00:00:00.5"}')
        talk(14, last_activity_at=old, metadata='{"k":"2026-03-01T00:00:00Z"')
        place.sync()
        check(place, [
            ({"channel": "sms", "has_booking_intent": True, "min_satisfaction_score": 8}, [2]), ({"channel": "sms", "outcome": "appointment_booked"}, []),
            ({"all": [{"channel": "sms"}, {"outcome": "appointment_booked"}]}, [1]),
            ({"conversation": {"channel": "sms", "satisfaction": {">=": 9}}}, [1]), ({"channel": "sms", "conversation": {"satisfaction": 2}}, [1]),
            ({"channel": "sms", "has_booking_intent": False}, [1]), ({"has_booking_intent": False}, [3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14]),
            ({"channel": "voice", "has_booking_intent": False}, [7]), ({"has_booking_intent": True}, [1, 2, 6]),
            ({"last_satisfaction": 9}, [1, 3]), ({"last_satisfaction": {"<": 8, "!=": 2, ">": 3}}, [4]), ({"last_satisfaction": 8}, [2]),
            ({"conversation": {"satisfaction": {"!=": 9}}}, [1, 2, 3, 4, 5]), ({"max_satisfaction_score": 3}, [1, 3]),
            ({"min_satisfaction_score": 3, "max_satisfaction_score": 8}, [2, 3, 4]), ({"conversation_count": 2}, [1, 3, 4, 11]),
            ({"last_contact": {"never": True}}, [5, 8, 9, 12, 13]), ({"conversation": {"channel": "email", "older_than_days": 0}}, []),
            ({"not": {"last_contact": {"older_than_days": 7}}}, [3, 4, 5, 6, 7, 8, 9, 11, 12, 13]), ({"last_contact": {"within_days": 1}}, [3, 4, 6, 7, 11]),
            ({"conversation": {"count": 0}}, [8, 9]), ({"conversation": {"count": {"<": 2}, "channel": "sms"}}, list(range(1, 15))),
            ({"conversation": {"has_metadata": "k"}}, [10, 11, 12, 13]), ({"conversation": {"has_metadata": "a.b"}}, [10]),
            ({"any": [{"conversation": {"has_metadata": key}} for key in ("gone", "x", "b", "$.k")]}, []),
            ({"all": [{"conversation": {"has_metadata": key}} for key in ("empty", "no")]}, [10]),
            ({"page_visit": {"key": "k", "older_than_days": 0}}, [10, 11, 13]), ({"page_visit": {"key": "k", "within_days": 0}}, [10]),
            ({"page_visit": {"key": "k", "within_days": 9}}, [10]), ({"page_visit": {"key": "k", "within_days": 10}}, [10, 13]),
            ({"metadata_key": "k", "days_since_visit": 30}, [11]), ({"metadata_key": "k"}, [10, 11, 13]),
            ({"page_visit": {"key": "k", "never": True}}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 14]),
        ])


def test_keys_of_every_kind():
    """Numbers as numbers before texts, which go bytewise; nobody is lost where both are mixed."""
    worlds = [
        (True, ["10", "2", "007", "7", "a", "B", "-5", "\u00fc", "z", " 1", "", "1", "1.5", "0", "00", "C-10", "C-2"], ["3", "AA", "4", " "]),
        (True, ["C-10", "C-2", "c-1"], ["C-1"]), (False, [0, -5, 2**63 - 1, -2**63, 10, 2], [-7, 5]),
    ]
    for uuids, first, later in worlds:
        with Place(56, customers=0, uuids=uuids) as place:
            keys = []
            for batch, flags in ((first, ()), (later, ()), ([], ("--full",))):
                for key in batch:
                    edge(place, "customers", id=key)
                    edge(place, "appointments", id=place.main.uuid() if uuids else len(keys), customer_id=key)
                    keys.append(int(key) if str(int(key) if re.fullmatch("-?[0-9]+", str(key)) else None) == str(key) else key)
                place.sync(*flags)
                got = place.json("segment", "ids", "--criteria", "-", stdin=b'{"appointment_count":1}')["ids"]
                assert got == sorted(keys, key=judge.id_order), (got, keys)
            for key in (k for k in keys if not str(k).startswith("-")):
                why = place.json("segment", "why", str(key), "--criteria", "-", stdin=b"{}")
                assert why["customer_id"] == key, (key, why)


def resolve(document, pointer):
    """The value that a JSON Pointer names, and its last token."""
    token = ""
    for token in pointer.split("/")[1:]:
        token = token.replace("~1", "/").replace("~0", "~")
        document = document[int(token)] if isinstance(document, list) else document[token]
    return token, document


def rfc3339(t):
    return None if t is None else (judge.EPOCH + judge.timedelta(seconds=t)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_reasons_and_samples():
    rng = random.Random(51)
    t = judge.parse_time(NOWS[0])
    with synced(51) as place:
        referee = place.judge()
        leaves = Documents(0).leaf()
        looked = 0
        for document, _, channel, selector in random_cases(place, 52, 60):
            ids = referee.ids(document, t)
            for key in rng.sample(sorted(referee.customers), 2):
                why = place.json("--now", NOWS[0], "segment", "why", str(key), *selector)
                assert why["in_segment"] == (key in ids), (key, document, why)
                for reason in why["reasons"]:
                    name, value = resolve(document, reason["path"])
                    if name in leaves:
                        looked += 1
                        holds = referee.leaf(name, value, referee.customers[key], t)
                        assert reason["holds"] == holds and reason["sentence"] and reason["fact"], (key, document, reason)
            if channel:
                sample = place.json("--now", NOWS[0], "segment", "sample", *selector, "--channel", channel, "--limit", "1000")
                people = sample["people"]
                assert [person["customer_id"] for person in people] == ids, document
                found = dict.fromkeys(("reachable", "no_address", "opted_out", "capped", "duplicate_address"), 0)
                for person in people:
                    customer = referee.customers[person["customer_id"]]
                    found[person["reach"]] += 1
                    last = referee.last_row(customer)
                    assert (person["last_contact"], person["last_visit"]) == (
                        rfc3339(referee.last_contact(customer, t)), rfc3339(referee.last_visit(customer, t))), person
                    assert (person["last_appointment"], person["last_appointment_status"]) == (
                        rfc3339(last["t"] if last else None), last["status"] if last else None), person
                assert found == referee.reach(ids, channel, t), document
                few = place.json("--now", NOWS[0], "segment", "sample", *selector, "--channel", channel, "--limit", "3")["people"]
                assert few == people[:3], document
        assert looked > 100, looked


def test_saved_segments_mean_the_same():
    with synced(52) as place:
        cases = random_cases(place, 57, 40)
        for number, (_, _, _, selector) in enumerate(cases):
            place.json("segment", "save", f"s{number}", *selector)
        assert len(place.json("segment", "list")["segments"]) == len(cases)
        compare_many(place, [(document, now, None, ["--saved", f"s{number}"]) for number, (document, now, _, _) in enumerate(cases)])


def test_two_segments_are_compared():
    """Through the index and by SQL alone: what set arithmetic on the ids says."""
    with synced(58) as place:
        cases = [(selector, place.json("--now", NOWS[0], "segment", "ids", *selector)["ids"])
                 for _, _, _, selector in random_cases(place, 59, 12)]
        with_selectors = {"--criteria": "--with-criteria", "--template": "--with-template", "--saved": "--with-saved"}
        for index in (True, False):
            if not index:
                os.unlink(os.path.join(place.dir, "state", "replica.idx"))
            for a, in_a in cases:
                for b, in_b in cases[::3]:
                    got = place.json("--now", NOWS[0], "segment", "compare", *a, with_selectors[b[0]], *b[1:])
                    x, y = set(in_a), set(in_b)
                    assert (got["a"]["matched"], got["b"]["matched"]) == (len(x), len(y)), (a, b, got)
                    assert (got["a_only"], got["both"], got["b_only"], got["either"]) == (
                        len(x - y), len(x & y), len(y - x), len(x | y)), (a, b, got)
        place.json("segment", "save", "first", *cases[0][0])
        place.json("segment", "save", "second", *cases[1][0])
        x, y = set(cases[0][1]), set(cases[1][1])
        got = place.json("--now", NOWS[0], "segment", "compare", "first", "second")
        assert (got["a"]["name"], got["b"]["name"], got["both"]) == ("first", "second", len(x & y)), got
        assert place.json("segment", "rename", "first", "one") == {"name": "one", "was": "first"}
        assert [s["name"] for s in place.json("segment", "list")["segments"]] == ["one", "second"]
        for status, args in ((3, ["rename", "one", "second"]), (4, ["rename", "first", "x"]), (2, ["rename", "one"]),
                             (2, ["compare", "one"]), (2, ["compare", "one", "second", "--saved", "one"]),
                             (2, ["compare", "--saved", "one"]), (4, ["compare", "one", "gone"]),
                             (2, ["count", "--saved", "one", "--with-saved", "second"])):
            assert place.run("segment", *args).returncode == status, args


def test_unknown_words_are_told():
    with synced(53) as place:
        warnings = place.json("segment", "count", "--criteria", "-", stdin=json.dumps(
            {"any": [{"channel": "smoke signals"}, {"conversation": {"outcome": ["browsing", "brwosing"]}},
                     {"last_appointment": {"service": "Check-up", "provider": "Dr. Who"}}]}).encode())["warnings"]
        assert len(warnings) == 3, warnings
        for pointer, word in (("/any/0/channel", "smoke signals"), ("/any/1/conversation", "brwosing"), ("/any/2/last_appointment", "Dr. Who")):
            assert any(pointer in line and word in line for line in warnings), (pointer, warnings)


def test_configured_outcomes():
    """What counts as an intent to book is a setting; a request that is open counts with any."""
    with Place(54, settings="segments: {booking_intent_outcomes: [browsing, \"info_only \"]}\n") as place:
        place.outcomes = ("browsing", "info_only ")
        place.sync()
        place.fill_ledger(54)
        cases = [(document, NOWS[0], None, ["--criteria", place.file(json.dumps(document))]) for document in (
            {"has_booking_intent": True}, {"has_booking_intent": False}, {"channel": "sms", "has_booking_intent": True},
            {"conversation": {"booking_intent": False}}, {"conversation": {"booking_intent": True, "count": {">": 1}}})]
        compare_many(place, cases)


# national writing and E.164 of one number, by country
NATIONAL = {
    "GB": ("020 7946 0000", "+442079460000"), "DE": ("(030) 123456", "+4930123456"), "FR": ("01.23.45.67.89", "+33123456789"),
    "CA": ("416-555-0123", "+14165550123"), "AU": ("02 5550 1234", "+61255501234"), "ES": ("612 345 678", "+34612345678"),
    "IT": ("06 1234 5678", "+390612345678"), "NL": ("06 12345678", "+31612345678"), "IE": ("087 123 4567", "+353871234567"),
    "JM": ("876 555 1234", "+18765551234"), "NZ": ("021 123 4567", "+64211234567"),
}


def test_numbers_of_other_countries():
    with Place(55, customers=0) as place:
        for country, (national, international) in NATIONAL.items():
            config = os.path.join(place.dir, "config.yaml")
            with open(config, encoding="utf-8") as f:
                text = re.sub(r"country: \w\w", f"country: {country}", f.read())
            with open(config, "w", encoding="utf-8") as f:
                f.write(text)
            place.main.db.execute("DELETE FROM customers")
            for key, number in enumerate((international, national, international[1:] + "00000000", national + " x1"), 1):
                edge(place, "customers", id=key, phone=number)
            place.sync()
            answer = place.json("segment", "count", "--criteria", "-", "--channel", "sms", stdin=b"{}")
            want = {"channel": "sms", "reachable": 1, "no_address": 2, "opted_out": 0, "capped": 0, "duplicate_address": 1}
            assert answer["reach"] == want, (country, answer)


def nested(kind, levels, inner="{}"):
    """levels objects of all, any or not around one; the innermost is at depth levels + 1."""
    before, after = ('{"not":', "}") if kind == "not" else (f'{{"{kind}":[', "]}")
    return before * levels + inner + after * levels


# (document, JSON Pointer of the first error in its order[, what the message holds])
REFUSED = [
    # unknown keys
    ('{"al":[]}', "/al", "did you mean all?"), ('{"last_contct":{"never":true}}', "/last_contct", "did you mean last_contact?"),
    ('{"all":[{},{"last_contact":{"older_than_day":3}}]}', "/all/1/last_contact/older_than_day", "did you mean older_than_days?"),
    ('{"xyzzy":1}', "/xyzzy", "unknown key"), ('{"a/b":1}', "/a~1b"), ('{"a~b":1}', "/a~0b"), ('{"foo":1}', "/foo"),
    ('{"Channel":"sms"}', "/Channel", "did you mean channel?"), ('{"last_contact":{"status":"x"}}', "/last_contact/status"),
    ('{"last_contact":{"in_next_days":1}}', "/last_contact/in_next_days"), ('{"next_appointment":{"within_days":1}}', "/next_appointment/within_days"),
    ('{"last_visit":{"cancelled_within_days":1}}', "/last_visit/cancelled_within_days"), ('{"conversation":{"never":true}}', "/conversation/never"),
    ('{"conversation":{"provider":"x"}}', "/conversation/provider"), ('{"appointment":{"channel":"x"}}', "/appointment/channel"),
    ('{"customer":{"name_contain":"a"}}', "/customer/name_contain", "did you mean name_contains?"),
    ('{"days_since_last_visit":3}', "/days_since_last_visit"), ('{"appointment_count":{"=":1}}', "/appointment_count/="),
    ('{"page_visit":{"never":true,"key":"k","foo":1}}', "/page_visit/foo"), ('{"contacted_by":{"channel":"sms"}}', "/contacted_by/channel"),
    # all, any and not stand alone
    ('{"channel":"sms","all":[]}', "/all"), ('{"not":{},"any":[]}', "/any"), ('{"all":[],"channel":"sms"}', "/channel"),
    # twice
    ('{"channel":"sms","channel":"sms"}', "/channel", "twice"), ('{"conversation":{"channel":"a","channel":"b"}}', "/conversation/channel"),
    ('{"conversation":{"count":{">":1,">":2}}}', "/conversation/count/>"), ('{"any":[{"not":{"all":[],"all":[]}}]}', "/any/0/not/all"),
    ('{"channel":"sms","\\u0063hannel":"sms"}', "/channel"),
    # types
    ("[]", "/"), ("null", "/"), ("3", "/"), ('"x"', "/"), ('{"all":{}}', "/all"), ('{"all":null}', "/all"), ('{"all":[{},1]}', "/all/1"),
    ('{"not":[]}', "/not"), ('{"not":null}', "/not"), ('{"any":"x"}', "/any"), ('{"last_contact":3}', "/last_contact"),
    ('{"last_contact":null}', "/last_contact"), ('{"last_contact":{"older_than_days":"3"}}', "/last_contact/older_than_days"),
    ('{"last_contact":{"older_than_days":3.5}}', "/last_contact/older_than_days"), ('{"last_contact":{"within_days":null}}', "/last_contact/within_days"),
    ('{"last_contact":{"older_than_days":true}}', "/last_contact/older_than_days"), ('{"last_contact":{"older_than_days":[1]}}', "/last_contact/older_than_days"),
    ('{"last_contact":{"older_than_days":{">":1}}}', "/last_contact/older_than_days"), ('{"last_contact":{"never":1}}', "/last_contact/never"),
    ('{"last_contact":{"never":"true"}}', "/last_contact/never"), ('{"appointment_count":"1"}', "/appointment_count"),
    ('{"appointment_count":[1]}', "/appointment_count"), ('{"appointment_count":true}', "/appointment_count"),
    ('{"appointment_count":{">":"1"}}', "/appointment_count/>"), ('{"conversation":[]}', "/conversation"), ('{"conversation":{"channel":1}}', "/conversation/channel"),
    ('{"conversation":{"channel":["sms",1]}}', "/conversation/channel/1"), ('{"conversation":{"channel":[["sms"]]}}', "/conversation/channel/0"),
    ('{"conversation":{"channel":null}}', "/conversation/channel"), ('{"conversation":{"booking_intent":1}}', "/conversation/booking_intent"),
    ('{"conversation":{"has_metadata":["k"]}}', "/conversation/has_metadata"), ('{"appointment":{"upcoming":0}}', "/appointment/upcoming"),
    ('{"customer":{"name_contains":["a"]}}', "/customer/name_contains"), ('{"customer":{"has_phone":1}}', "/customer/has_phone"),
    ('{"contacted_by":{"campaign":"x"}}', "/contacted_by/campaign"), ('{"contacted_by":{"state":"opened"}}', "/contacted_by/state"),
    ('{"metadata_key":["a"]}', "/metadata_key"), ('{"has_booking_intent":"true"}', "/has_booking_intent"), ('{"has_appointment":1}', "/has_appointment"),
    ('{"min_satisfaction_score":"8"}', "/min_satisfaction_score"), ('{"days_since_last_contact":"7"}', "/days_since_last_contact"),
    ('{"last_appointment_status":5}', "/last_appointment_status"),
    # numbers
    ('{"last_contact":{"older_than_days":-1}}', "/last_contact/older_than_days"), ('{"days_since_last_contact":-7}', "/days_since_last_contact"),
    ('{"last_contact":{"older_than_days":1e400}}', "/last_contact/older_than_days"), ('{"appointment_count":-1}', "/appointment_count"),
    ('{"appointment_count":{">=":0,"<":-0.5}}', "/appointment_count/<"), ('{"appointment_count":1e999}', "/appointment_count"),
    ('{"conversation":{"satisfaction":{">":-1e999}}}', "/conversation/satisfaction/>"), ('{"max_satisfaction_score":-1}', "/max_satisfaction_score"),
    # leaves that say nothing
    ('{"last_contact":{}}', "/last_contact"), ('{"last_appointment":{}}', "/last_appointment"), ('{"next_appointment":{}}', "/next_appointment"),
    ('{"customer":{}}', "/customer"), ('{"appointment_count":{}}', "/appointment_count"), ('{"last_satisfaction":{}}', "/last_satisfaction"),
    ('{"page_visit":{"key":"k"}}', "/page_visit"), ('{"customer":{"name_contains":""}}', "/customer/name_contains"),
    ('{"all":[{"customer":{"notes_contain":""}}]}', "/all/0/customer/notes_contain"), ('{"conversation":{"count":{}}}', "/conversation/count"),
    # missing keys, at their parent
    ('{"page_visit":{"older_than_days":1}}', "/page_visit"), ('{"page_visit":{}}', "/page_visit"), ('{"days_since_visit":3}', "/", "metadata_key"),
    ('{"all":[{"days_since_visit":3}]}', "/all/0", "metadata_key"), ('{"any":[{"metadata_key":"k"},{"days_since_visit":3}]}', "/any/1"),
    # the first in the order of the document
    ('{"foo":1,"channel":1,"channel":2}', "/foo"), ('{"channel":"a","channel":"b","foo":1}', "/channel"), ('{"conversation":{"count":-1,"foo":1}}', "/conversation/count"),
    ('{"conversation":{"foo":1,"count":-1}}', "/conversation/foo"), ('{"all":[{"last_contact":{}},{"foo":1}]}', "/all/0/last_contact"),
    ('{"all":[{"foo":1}],"bar":2}', "/all/0/foo"), ('{"any":[{"foo":1},' + nested("all", 40) + "]}", "/any/0/foo"),
    ('{"foo":1,"days_since_last_contact":1e400}', "/foo"), ('{"all":[' + "{}," * 3000 + '{"foo":1}]}', "/all/3000/foo"),
    # nesting
    (nested("all", 32), "/all/0" * 32, "32"), (nested("not", 32), "/not" * 32, "32"), (nested("any", 40), "/any/0" * 32),
    (nested("any", 31, '{"conversation":{"count":{">":-1}}}'), "/any/0" * 31 + "/conversation/count/>"), (nested("all", 5000), "/all/0" * 32),
    # size
    ("{}" + " " * 65535, "/", "65536"), (nested("all", 9000), "/"), ('{"customer":{"name_contains":"' + "a" * 65600 + '"}}', "/"),
]
# (text, line, column) of what is no JSON
NO_JSON = [
    ("", 1, 1), ("   ", 1, 4), ("{", 1, 2), ('{"a"', 1, 5), ('{"all":[}', 1, 9), ('{"all":[],}', 1, 11), ('{\n "channel": "sms",\n "outcome": nope\n}', 3, 13),
    ("{} {}", 1, 4), ("{}x", 1, 3), (b'{"channel":"\xff"}', 1, 13), (b'{"channel":"\xc0\x80"}', 1, 13), ('{"appointment_count":NaN}', 1, 22),
    ('{"appointment_count":.5}', 1, 22), ("{'channel':'sms'}", 1, 2), ('{channel:"sms"}', 1, 2), ('{"channel":"sms"} // c', 1, 19), ('{"foo":}', 1, 8),
    ('{"channel":"a\nb"}', 1, None), ('{"channel":"\\ud800"}', 1, None), ('{"appointment_count":01}', 1, None), ('{"channel":"a\\u0000b"}', 1, None),
]
REFUSED_YAML = [
    ("last_contact: {older_than_day: 3}", "/last_contact/older_than_day", "did you mean older_than_days?"), ("- {}", "/"), ("3", "/"),
    ("all:\n  - last_contact:\n      older_than_days: x", "/all/0/last_contact/older_than_days"), ("all: []\nall: []", "/all"),
    ("channel: sms\noutcome: browsing\nchannel: voice", "/channel"), ("has_appointment: yes", "/has_appointment"), ("appointment_count: .inf", "/appointment_count"),
    ("appointment_count: .nan", "/appointment_count"), ("appointment_count: 1e999", "/appointment_count"), ("appointment_count: 1_000", "/appointment_count"),
    ("appointment_count:", "/appointment_count"), ("channel: null", "/channel"), ("channel: 1", "/channel"), ("1: 2", "/1"), ("<<: {channel: sms}", "/<<"),
    ("all:\n - {}\n - {foo: 1}", "/all/1/foo"), ("all: [" * 32 + "{}" + "]" * 32, "/all/0" * 32), ("# " + "x" * 65530 + "\nchannel: sms", "/"),
    ("foo: 1\nchannel: a\nchannel: b", "/foo"), ("foo: 1\nappointment_count: .inf", "/foo"), ("foo: 1\nappointment_count: 1e999", "/foo"),
    ("any: [{foo: 1}, " + "{all: [" * 40 + "{}" + "]}" * 40 + "]", "/any/0/foo"), ("{all: [" * 40 + "{}" + "]}" * 40, "/all/0" * 32),
    ("last_contact: " + "[" * 60 + "]" * 60, "/last_contact"),
]
# tags, anchors, aliases, several documents and what is no YAML: a line, and a column
NO_YAML = [
    ("all: &a []", 1, 6), ("not: &x {}", 1, 6), ("all: [*a]", 1, 7), ("channel: !!str sms", 1, 10), ("channel: !x sms", 1, 10), ("!!map {channel: sms}", 1, 1),
    ("channel: sms\noutcome: &b x", 2, 10), ("channel: sms\n---\nchannel: sms", 2, 1), ("channel: [sms, voice", None, None), ("channel: @sms", 1, 10),
    ("a: b: c", 1, None), ("channel: sms\n\toutcome: x", 2, None), (b"channel: \xff", 1, None), ('channel: "\\ud800"', 1, None), ("? [a]\n: 1", 1, None),
]
# accepted, with whom it matches: everybody (True) or nobody (False)
ACCEPTED = [
    ("{}" + " " * 65534, True), (nested("all", 31), True), (nested("not", 31), False), (nested("any", 31, '{"conversation":{"count":{">":9,"<":2}}}'), False),
    ('{"all":[]}', True), ('{"any":[]}', False), ('{"not":{"any":[]}}', True), ('{"channel":[]}', False), ('{"last_contact":{"older_than_days":1' + "0" * 400 + "}}", False),
    ('{"not":{"last_contact":{"within_days":1' + "0" * 40 + ',"never":true}}}', True), ('{"appointment_count":{">=":0}}', True), ('{"last_satisfaction":{"!=":99,">":98}}', False),
]


def refusal(place, text, suffix=".json"):
    """The error object of a refused document."""
    done = place.run("segment", "count", "--criteria", place.file(text, suffix), "--json")
    shown = text if len(text) < 300 else text[:300]
    assert done.returncode == 2, f"{shown!r}: exit {done.returncode} {done.stdout[:200]}{done.stderr[:300]}"
    assert not done.stdout, f"{shown!r}: {done.stdout}"
    error = json.loads(done.stderr)["error"]
    assert error["code"] == "invalid" and error["message"], f"{shown!r}: {error}"
    return shown, error


def refuse(place, cases, suffix):
    wrong = []
    for text, path, *said in cases:
        shown, error = refusal(place, text, suffix)
        if error["path"] != path or any(part not in error["message"] for part in said):
            wrong.append(f"{shown!r}\n   want {path} {said}, got {error['path']}: {error['message']}")
    if wrong:
        raise AssertionError(f"{len(wrong)} of {len(cases)}\n" + "\n".join(w[:900] for w in wrong))


def unreadable(place, cases, suffix):
    for text, line, column in cases:
        shown, error = refusal(place, text, suffix)
        place_of = re.fullmatch(r"(\d+):(\d+)", error["path"])
        assert place_of, f"{shown!r}: {error}"
        assert line in (None, int(place_of.group(1))) and column in (None, int(place_of.group(2))), f"{shown!r}: {error}"


def test_refused_documents():
    with Place(31, customers=3) as place:
        place.sync()
        refuse(place, REFUSED, ".json")
        unreadable(place, NO_JSON, ".json")


def test_errors_can_be_read_and_shown():
    """However long, and whatever they quote."""
    with Place(31, customers=3) as place:
        place.sync()
        for before in range(4):
            for odd in ("\u00e9", "\u65e5", "\U0001f600"):
                key = "x" * before + odd * 300
                _, error = refusal(place, json.dumps({key: 1}))
                assert len(error["path"]) > 100 and ("/" + key).startswith(error["path"]), error
        for command in (["segment", "count", "--template"], ["segment", "count", "--saved"]):
            done = place.run(*command, "x" + "\u00e9" * 600, "--json")
            assert done.returncode == 4 and json.loads(done.stderr)["error"]["code"] == "not_found", done
        done = place.run("segment", "count", "--criteria", place.file('{"\\u001b[31m\\u0007\\n":1}'))
        assert done.returncode == 2 and not re.search(rb"[\x00-\x09\x0b-\x1f]", done.stderr), done.stderr
        assert done.stderr.count(b"\n") == 1, done.stderr


def test_refused_yaml():
    with Place(31, customers=3) as place:
        place.sync()
        refuse(place, REFUSED_YAML, ".yaml")
        unreadable(place, NO_YAML, ".yml")


def test_accepted_at_the_limits():
    with Place(31, customers=3) as place:
        place.sync()
        for text, everybody in ACCEPTED:
            answer = place.json("segment", "count", "--criteria", place.file(text))
            assert answer["matched"] == (3 if everybody else 0), f"{text[:200]}: {answer}"
            assert place.json("segment", "count", "--criteria", "-", stdin=text.encode())["matched"] == answer["matched"]


TESTS = [test_random_documents, test_random_documents_uuid_keys, test_templates, test_edges_of_appointments,
         test_edges_of_days_ahead, test_edges_of_conversations, test_keys_of_every_kind, test_reasons_and_samples, test_saved_segments_mean_the_same, test_two_segments_are_compared,
         test_unknown_words_are_told, test_configured_outcomes,
         test_numbers_of_other_countries, test_incremental_sync,
         test_sync_of_keys_in_capitals, test_refused_documents, test_errors_can_be_read_and_shown,
         test_refused_yaml, test_accepted_at_the_limits]

if __name__ == "__main__":
    main(TESTS)
