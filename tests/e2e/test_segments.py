#!/usr/bin/env python3
"""Segments against an independent judge: random criteria over a main database full of traps, what sync makes of
changes, and documents that must be refused. CANVASS_SEGMENT_DOCS=N compares N random documents instead of 450."""
import json
import os
import random
import re
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
        with Place(seed, uuids=uuids, mixed=False) as place:
            place.sync("--now", place.main.now())
            modes = follow(place, seed, 4, 25)
            assert "incremental" in modes, f"never an incremental sync: {modes}"


def test_sync_of_keys_in_capitals():
    with Place(23, uuids=True) as place:
        place.sync()
        follow(place, 23, 3, 25)


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


TESTS = [test_random_documents, test_random_documents_uuid_keys, test_templates, test_incremental_sync,
         test_sync_of_keys_in_capitals, test_refused_documents, test_errors_can_be_read_and_shown,
         test_refused_yaml, test_accepted_at_the_limits]

if __name__ == "__main__":
    main(TESTS)
