#!/usr/bin/env python3
"""Segments against an independent judge: random criteria over a main database full of traps, what sync makes of
changes, and documents that must be refused. CANVASS_SEGMENT_DOCS=N compares N random documents instead of 450."""
import json
import os
import random
from concurrent.futures import ThreadPoolExecutor

import judge
from segment_world import NOWS, Documents, Place, to_yaml
from world import main

DOCS = int(os.environ.get("CANVASS_SEGMENT_DOCS", "450"))
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
    documents = Documents(7)
    with synced(1) as place:
        compare_many(place, random_cases(place, 11, DOCS * 2 // 3, documents))
    if DOCS >= 400:
        missing = set(documents.leaf()) | set(documents.flat()) | {"days_since_visit"}
        assert not missing - documents.used, f"never drawn: {missing - documents.used}"


def test_random_documents_uuid_keys():
    with synced(2, uuids=True) as place:
        compare_many(place, random_cases(place, 12, DOCS // 3))


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
        result = place.sync()
        modes.append(result["mode"])
        try:
            compare_many(place, random_cases(place, seed + number, 40) + probes(place))
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
    return [(document, NOWS[0], CHANNELS[n % 3], ["--criteria", path[n]]) for n, document in enumerate(documents)]


def test_incremental_sync():
    for seed, uuids in ((21, False), (22, True)):
        with Place(seed, uuids=uuids, mixed=False) as place:
            place.sync()
            modes = follow(place, seed, 6, 25)
            assert "incremental" in modes, f"never an incremental sync: {modes}"


def test_sync_of_keys_in_capitals():
    with Place(23, uuids=True) as place:
        place.sync()
        follow(place, 23, 3, 25)


TESTS = [test_random_documents, test_random_documents_uuid_keys, test_templates, test_incremental_sync,
         test_sync_of_keys_in_capitals]

if __name__ == "__main__":
    main(TESTS)
