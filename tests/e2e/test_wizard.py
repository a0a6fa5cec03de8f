#!/usr/bin/env python3
"""The wizard as an operator uses it: from a name to messages at the provider, and nothing typed is ever lost."""
import collections
import contextlib
import json
import os
import re
import signal
import sqlite3
import sys

sys.path.insert(0, os.path.dirname(__file__))
import world  # noqa: E402
from console import Place, width  # noqa: E402

QUICK = {"sim_flags": ["--speed", "2000"], "settings": ["sms.per_second=200"]}


def pick(c, title, letters):
    """Takes the first of an open list that fits the letters."""
    c.wait(title)
    c.wait("[0-9]+ of [0-9]+ [━=]")
    c.type(letters)
    c.wait("/" + re.escape(letters))
    c.key("Enter")
    c.wait("/" + re.escape(letters), gone=True)


def to_step_2(c, name):
    c.key("n")
    c.wait("What is it")
    c.type(name)
    c.wait(name[:10], row=0)
    c.key("F3")
    c.wait("Who gets it")


def to_step_3(c, template="cancelled"):
    c.key("Enter")
    pick(c, "Start from ━", template)
    c.wait(r"[\d,]+ reachable of [\d,]+ matched")
    c.key("F3")
    c.wait("What do they get")


def to_step_4(c):
    c.key("Enter")
    pick(c, "Agent ━", "book")
    c.wait("characters, .* segment")
    c.key("F3")
    c.wait(r"Type \d+ to launch")


def count(c):
    return int(re.search(r"Type (\d+) to launch", c.text()).group(1))


def drafts(w):
    return [c for c in w.json("campaign", "list")["campaigns"] if c["status"] == "draft"]


def state(w):
    """Where the wizard of the newest draft stands, as the ledger has it."""
    with contextlib.closing(sqlite3.connect(f"file:{w.home}/canvass.db?mode=ro", uri=True)) as db:
        return db.execute("SELECT wizard FROM campaign ORDER BY id DESC LIMIT 1").fetchone()[0] or ""


def from_a_name_to_messages():
    with Place(**QUICK) as w:
        w.run("sync")
        with w.console() as c:
            c.wait("relay ✓", row=0)
            to_step_2(c, "Autumn recall")
            to_step_3(c, "Cancelled")
            to_step_4(c)
            people = count(c)
            assert people > 0
            c.type(str(people) + "0")  # not the number: the button sleeps
            c.wait("wakes when the number is right")
            c.key("Tab", "Enter")
            c.wait("Launch: not now")
            assert not w.accepted()
            c.key("BTab", "BSpace")
            c.wait("wakes when the number is right", gone=True)
            c.key("Tab", "Enter")
            c.wait("Overview")
            c.wait("targeted ✓")
            c.wait_for(lambda: len(w.accepted()) >= people, "everybody has it", 60)
            first = collections.Counter(r["to"] for r in w.accepted() if "Reply STOP" in r["body"])
            assert len(first) == people and max(first.values()) == 1, first.most_common(3)
            assert not drafts(w)


def a_kill_loses_nothing():
    with Place() as w:
        w.run("sync")
        with w.console() as c:
            to_step_2(c, "Killed")
            c.key("Enter")
            pick(c, "Start from ━", "Cancelled")
            c.wait("reachable of")
            c.key("Down", "Down", "Down")  # to the days
            c.key("C-u")
            c.type("3o")
            c.key("Tab", "BTab")
            c.wait("✗ not a number")
            c.wait("row 2 still counted as 3 days")
            c.wait("fix row 2 first")
            w.wait_for(lambda: '"3o"' in state(w), "the draft has it", 10)
            os.kill(c.pid(), signal.SIGKILL)
        with w.console() as c:
            c.wait("○ draft .*Killed")
            c.key("Enter")
            c.wait("Who gets it")
            c.wait("✗ not a number")
            assert re.search(r"▸2 .*3o", c.text()), c.framed()
            c.key("BSpace")  # the cursor stands behind it
            c.wait("✗ not a number", gone=True)
            assert "fix row" not in c.text(), c.framed()
            c.key("F3")
            c.wait("What do they get")


def a_refusal_says_why_and_loses_nothing():
    with Place(**QUICK) as w:
        w.run("sync")
        with w.console() as c:
            to_step_2(c, "Refused")
            to_step_3(c)
            to_step_4(c)
            people = count(c)
            sample = drafts(w)[0]["id"]
            # somebody opts out meanwhile: the number that was typed is no longer true
            rows = w.json("segment", "sample", "--template", "cancelled_appointments", "--channel", "sms")["people"]
            phone = next(p["phone"] for p in rows if p.get("reach", "reachable") == "reachable" and p["phone"])
            w.run("suppress", "add", phone, "--channel", "sms")
            c.type(str(people))
            c.wait("wakes when the number is right", gone=True)
            c.key("Tab", "Enter")
            c.wait(str(people - 1))
            c.wait(f"Type {people - 1} to launch")
            assert w.json("campaign", "show", str(sample))["status"] == "draft"
            assert not w.accepted()


def everyone_needs_the_word():
    with Place(**QUICK) as w:
        w.run("sync")
        with w.console() as c:
            to_step_2(c, "All of them")
            to_step_3(c, "everybody")
            to_step_4(c)
            c.type(str(count(c)))
            c.wait("type everyone as well")
            c.key("Tab")
            c.type("everyone")
            c.wait("type everyone as well", gone=True)
            assert not w.accepted()


def number(text):
    return int(text.replace(",", ""))


def the_trend_tells_the_truth():
    with Place() as w:
        w.run("sync")

        def reach(days):
            criteria = {"all": [{"appointment_count": {">=": 1}}, {"last_activity": {"older_than_days": days}}]}
            path = os.path.join(w.dir, "criteria.json")
            with open(path, "w", encoding="utf-8") as f:
                json.dump(criteria, f)
            return w.json("segment", "count", "--criteria", path, "--channel", "sms")["reach"]["reachable"]

        for index in (True, False):
            if not index:  # SQL alone has fewer points, and the same numbers
                os.unlink(os.path.join(w.home, "replica.idx"))
            with w.console() as c:
                to_step_2(c, "Trend")
                c.key("Enter")
                pick(c, "Start from ━", "quiet")
                c.wait("reachable of")
                assert "▸90: " not in c.text(), c.framed()  # nothing is in focus that has a number
                c.key("Down", "Down", "Down")
                found = c.wait(r"7 days: ([\d,]+) … ▸90: ([\d,]+) … 180: ([\d,]+)")
                assert [number(n) for n in found.groups()] == [reach(7), reach(90), reach(180)], c.framed()
                bars = re.search("Row 2  ([▁-█]+)", c.text()).group(1)
                assert len(bars) == (10 if index else 5) * 3, (index, bars)
                c.key("C-u")
                c.type("21")
                found = c.wait(r"7 days: [\d,]+ … ▸21: ([\d,]+) … 90: [\d,]+")
                assert number(found.group(1)) == reach(21), c.framed()
                c.type("x")  # no number: no trend
                c.wait("▸21: ", gone=True)
                c.key("BSpace")
                c.wait("▸21: ")
                c.key("Up")
                c.wait(r"0: [\d,]+ … ▸1: [\d,]+ … 8: [\d,]+")
                c.key("Up")  # Match: no number either
                c.wait("▸1: ", gone=True)


def the_sample_is_paged_sorted_and_explained():
    with Place(customers=1200) as w:
        w.run("sync")
        people = w.json("segment", "sample", "--template", "inactive_customers", "--limit", "1000",
                        "--channel", "sms")["people"]
        total = len(people)
        assert 100 < total < 1000, total
        with w.console(width=80, height=50) as c:
            to_step_2(c, "Sample")
            c.key("Enter")
            pick(c, "Start from ━", "quiet")
            c.wait("reachable of")
            c.key("F6")
            c.wait(f"50 of {total} · s sort")
            c.key("End")
            c.wait("PgDn fetches more")
            for fetched in [*range(100, total, 50), total]:  # to the very last one
                c.key("NPage")
                c.wait(f"{fetched} of {total} · s sort")
                c.key("End")
                c.wait(f"{fetched} of {total} · PgDn" if fetched < total else f"▸ {re.escape(people[-1]['name'])}")
            c.key("NPage", "Home")  # nothing more comes
            c.wait(f"{total} of {total} · s sort")
            c.wait("▸ " + re.escape(people[0]["name"]))

            def first(key):
                return re.escape(sorted((p for p in people if p[key]), key=lambda p: p[key], reverse=True)[0]["name"])
            c.key("s", "Home")
            by_name = sorted(people, key=lambda p: p["name"].lower().encode())
            c.wait("Name ↓ .*\n.*▸ " + re.escape(by_name[0]["name"]))
            c.key("End")
            c.wait("▸ " + re.escape(by_name[-1]["name"]))
            for head, key in (("Last visit ↓", "last_visit"), ("Contacted ↓", "last_contact"),
                              ("Last appt ↓", "last_appointment")):
                c.key("s")
                c.wait(head)
                c.key("Home")
                c.wait(head + ".*\n.*▸ " + first(key))
            c.key("s")
            c.wait("Appts ↓")
            c.key("s")
            c.wait("The sample is as drawn")
            c.key("Home")
            c.wait("▸ " + re.escape(people[0]["name"]))
            why = w.json("segment", "why", str(people[0]["customer_id"]), "--template", "inactive_customers")
            for key in ("w", "Enter"):
                c.key(key)
                c.wait("Why " + re.escape(people[0]["name"]) + " is in")
                assert len(re.findall("✓ (?:the )?(?:number of|last) ", c.text())) == len(why["reasons"]) == 2, c.framed()
                assert c.text().count("saw: ") == 2, c.framed()
                c.key("Escape")
                c.wait("s sort")  # closed, and still among the people
            c.key("Down", "w")
            c.wait("Why " + re.escape(people[1]["name"]) + " is in")
            c.key("w")
            c.wait("▸ " + re.escape(people[1]["name"]))


def saved_segments_are_kept_compared_and_combined():
    with Place(customers=1200) as w:
        w.run("sync")
        w.run("segment", "save", "lapsed", "--template", "inactive_customers")

        def names():
            return [s["name"] for s in w.json("segment", "list")["segments"]]

        def open_saved(c, letters):
            c.key("F10")
            pick(c, "Saved segments ━", letters)

        def act(c, letters):
            pick(c, "Start from it", letters)

        with w.console() as c:
            c.wait("relay ✓", row=0)
            to_step_2(c, "Saved")
            c.wait("F10 saved", row=-1)
            c.key("Enter")
            pick(c, "Start from ━", "lately")  # "Called lately, did not book"
            c.wait("reachable of")
            open_saved(c, "Save these")
            c.type("callers")
            c.wait("Save as +callers")
            c.key("Enter")
            c.wait_for(lambda: names() == ["callers", "lapsed"], "it is saved")
            c.wait('"callers" is saved')
            c.key("Enter")  # the same name once more asks
            c.wait("Overwrite a saved segment")
            c.key("Escape")
            c.wait("Overwrite a saved segment", gone=True)

            overlap = w.json("segment", "compare", "callers", "lapsed")
            assert overlap["a_only"] > 0 and overlap["b_only"] > 0, overlap
            open_saved(c, "lapsed")
            c.wait(f"Only who is in both +{overlap['both']:,} people")
            c.wait(f"Who is in either +{overlap['either']:,} people, {overlap['b_only']:,} of them new")
            c.wait(f"These without it +{overlap['a_only']:,} people stay")
            act(c, "without")
            c.wait(f"of {overlap['a_only']:,} matched")
            c.wait("not all of these")
            open_saved(c, "callers")  # what was taken away comes back: either is all callers
            act(c, "either")
            c.wait(f"of {overlap['a']['matched']:,} matched")
            open_saved(c, "lapsed")
            act(c, "Start from")
            c.wait(f"of {overlap['b']['matched']:,} matched")
            c.wait("Start from lapsed")

            open_saved(c, "lapsed")
            act(c, "Save these over")
            c.wait("Overwrite a saved segment")
            c.key("Escape")
            c.wait("Overwrite a saved segment", gone=True)
            open_saved(c, "lapsed")
            act(c, "Rename")
            c.wait("New name +lapsed")
            c.key("C-u")
            c.type("callers")
            c.key("Enter")
            c.wait("called .callers. already")
            c.key("C-u")
            c.type("quiet ones")
            c.key("Enter")
            c.wait_for(lambda: names() == ["callers", "quiet ones"], "it is renamed")
            c.wait("Start from quiet ones")
            c.wait("Save as")
            w.wait_for(lambda: w.json("campaign", "show", str(drafts(w)[0]["id"]))["spec"]["segment"] ==
                       {"saved": "quiet ones"}, "the draft follows", 10)

            open_saved(c, "quiet")
            act(c, "Delete")
            c.wait("Delete a saved segment")
            c.type("quiet")  # not its whole name: nothing happens
            c.key("Tab", "Tab", "Enter")
            c.wait("Delete a saved segment")
            assert names() == ["callers", "quiet ones"]
            c.key("Escape")
            c.wait("Delete a saved segment", gone=True)
            open_saved(c, "quiet")
            act(c, "Delete")
            c.wait("Delete a saved segment")
            c.type("quiet ones")
            c.key("Tab", "Tab", "Enter")
            c.wait_for(lambda: names() == ["callers"], "it is deleted")
            c.wait("Start from own criteria")  # the draft keeps what it meant
            assert f"of {overlap['b']['matched']:,} matched" in c.text(), c.framed()


def it_fits_80x24():
    with Place() as w:
        w.run("sync")
        with w.console(width=80, height=24) as c:
            def fits():
                for line in c.screen():
                    assert width(line) <= 80, line
            to_step_2(c, "A name that is rather long for so small a window")
            fits()
            to_step_3(c)
            c.key("F6")
            c.wait("Preview")
            fits()
            c.key("F6")
            c.wait("What do they get")
            to_step_4(c)
            fits()
            c.key("F6")
            c.wait("Checks")
            fits()
            c.key("F2")
            c.wait("What do they get")
            c.key("Escape")
            c.wait("Dashboard", row=0)
            c.wait("○ draft")


TESTS = [from_a_name_to_messages, a_kill_loses_nothing, a_refusal_says_why_and_loses_nothing, everyone_needs_the_word,
         the_trend_tells_the_truth, the_sample_is_paged_sorted_and_explained,
         saved_segments_are_kept_compared_and_combined, it_fits_80x24]

if __name__ == "__main__":
    world.main(TESTS)
