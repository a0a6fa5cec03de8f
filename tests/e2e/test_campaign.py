"""A whole campaign by the command line, with the real programs: what a headless server does."""
import collections
import json
import os
import sys
import time
import urllib.request

sys.path.insert(0, os.path.dirname(__file__))
import world  # noqa: E402
from world import World  # noqa: E402

FAST = ["sms.per_second=500", "main_database.refresh_seconds=3600", "policy.frequency_cap.messages=0"]
SOME = {"criteria": {"all": [{"customer": {"has_phone": True}}, {"appointment_count": {"<=": 1}}]}}
QUIET = {"agent": {"template": "booking_abandonment_research", "mode": "none"}, "segment": SOME}


def stats(w, campaign):
    return w.json("campaign", "stats", str(campaign))


def finished(w, campaign):
    s = stats(w, campaign)["states"]
    return s["queued"] + s["sending"] + s["retry_wait"] == 0


def run_until(w, condition, what, deadline=120):
    """Runs the engine again and again until the condition holds (the customers answer in their own time)."""
    end = time.monotonic() + deadline
    while not condition():
        assert time.monotonic() < end, "never: " + what
        w.run("run", "--until-idle")


def says(w, person, text):
    """A customer writes, and the relay takes it."""
    said = json.dumps({"from": person, "to": w.number, "body": text}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{w.sim_port}/sim/inbound", said,
                                                       {"Content-Type": "application/json"})) as answer:
        sid = json.load(answer)["sid"]
    w.wait_for(lambda: any(r["sid"] == sid and r["http"] == 200 for r in w.ledger("inbound_posted")), "the relay's 2xx")


def a_campaign_is_sent_answered_and_adds_up():
    with World(customers=1500, settings=FAST, sim_flags=["--speed", "2000", "--seed", "5"]) as w:
        w.run("sync")
        campaign = w.create(segment=SOME)
        targeted = w.launch(campaign)
        assert targeted > 200
        run_until(w, lambda: stats(w, campaign)["responded"] >= targeted // 8 and finished(w, campaign), "replies")
        says(w, w.ledger("accepted")[0]["to"], "STOP")  # whatever the simulated ones say of themselves
        run_until(w, lambda: w.json("inbox", "list", "--messages")["conversations"], "conversations")
        s = stats(w, campaign)
        accepted = collections.Counter(r["to"] for r in w.ledger("accepted") if "Reply STOP" in r["body"])
        assert s["targeted"] == targeted == sum(s["states"].values())
        assert 0 <= s["responded"] <= s["contacted"] <= s["targeted"]
        assert max(accepted.values()) == 1, "somebody got the first message twice"
        assert len(accepted) >= s["contacted"]

        # every text that the relay answered with 2xx is there once, word for word
        taken = {r["sid"] for r in w.ledger("inbound_posted") if r["http"] // 100 == 2}
        w.run("run", "--until-idle")
        inbound = {r["sid"]: r for r in w.ledger("inbound")}
        shown = {}
        for c in w.json("inbox", "list", "--messages")["conversations"]:
            for m in c["messages"]:
                if m["direction"] == "inbound":
                    assert m["provider_id"] not in shown, "a reply is there twice"
                    shown[m["provider_id"]] = m["text"]
        assert taken <= set(shown), f"{len(taken - set(shown))} replies are not in the inbox"
        for sid, text in shown.items():
            assert inbound[sid]["body"] == text

        # whoever said STOP is suppressed and got nothing afterwards
        stopped = {inbound[sid]["from"] for sid in taken if inbound[sid]["body"].strip().lower() == "stop"}
        assert stopped, "the simulated customers never said STOP"
        suppressed = {x["address"] for x in w.json("suppress", "list")["suppressions"]}
        assert stopped <= suppressed, stopped - suppressed

        # the agent asked its next question as the answer to the last one
        dialogue = [c for c in w.json("inbox", "list", "--messages")["conversations"]
                    if sum(m["direction"] == "outbound" for m in c["messages"]) >= 2]
        assert dialogue, "the scripted agent asked nobody a second question"
        assert w.run("campaign", "launch", str(campaign), "--confirm", str(targeted), ok=(3,)).returncode == 3


def a_canary_with_many_failures_stops_the_campaign():
    """The simulator fails a third of the numbers for good: of the first thirty too many fail, the others never get it."""
    with World(customers=1500, settings=FAST, sim_flags=["--no-replies", "--fail-rate", "0.34", "--speed", "2000"]) as w:
        campaign = w.create(canary={"recipients": 30, "hold_minutes": 0, "max_failed": "10%"}, **QUIET)
        targeted = w.launch(campaign)
        assert targeted > 100
        run_until(w, lambda: w.json("campaign", "show", str(campaign))["status"] == "paused"
                  or stats(w, campaign)["states"]["queued"] == 0, "the automatic stop")
        shown = w.json("campaign", "show", str(campaign))
        assert shown["status"] == "paused", shown
        assert "failed" in shown["pause_reason"] and "limit 10 %" in shown["pause_reason"], shown["pause_reason"]
        assert stats(w, campaign)["states"]["queued"] > 0


def pause_stops_and_resume_goes_on():
    with World(customers=1500, settings=FAST[1:] + ["sms.per_second=40"], sim_flags=["--no-replies"]) as w:
        campaign = w.create(**QUIET)
        targeted = w.launch(campaign)
        engine = w.popen("run")
        try:
            w.wait_for(lambda: len(w.ledger("accepted")) > 10, "the first messages")
            w.run("campaign", "pause", str(campaign))
            # whatever was claimed before the pause may still arrive; after it nothing more is claimed
            w.wait_for(lambda: stats(w, campaign)["states"]["sending"] == 0, "claims to end")
            count = len(w.ledger("accepted"))
            assert count < targeted
            before = time.monotonic()
            while time.monotonic() < before + 2:
                assert len(w.ledger("accepted")) == count, "a message went out while paused"
                time.sleep(0.1)
            w.run("campaign", "resume", str(campaign))
            w.wait_for(lambda: len(w.ledger("accepted")) > count, "sending after resume")
            w.run("stop-all")
            w.wait_for(lambda: stats(w, campaign)["states"]["sending"] == 0, "claims to end")
            count = len(w.ledger("accepted"))
            before = time.monotonic()
            while time.monotonic() < before + 2:
                assert len(w.ledger("accepted")) == count, "a message went out after stop-all"
                time.sleep(0.1)
            w.run("start-all")
            w.wait_for(lambda: len(w.ledger("accepted")) > count, "sending after start-all")
        finally:
            engine.terminate()
            assert engine.wait(30) == 0


def variants_split_exactly_and_nobody_is_reached_twice_by_a_clone():
    with World(customers=1500, settings=FAST, sim_flags=["--no-replies"]) as w:
        campaign = w.create(**QUIET, message=[{"name": n, "text": f"{n} {{first_name|there}}. Reply STOP to opt out."}
                                              for n in ("A", "B", "C")])
        targeted = w.launch(campaign)
        run_until(w, lambda: finished(w, campaign), "the end")
        planned = sorted(v["planned"] for v in stats(w, campaign)["variants"])
        assert sum(planned) == targeted and planned[-1] - planned[0] <= 1, planned
        used = collections.Counter(r["body"][0] for r in w.ledger("accepted"))
        assert sum(used.values()) == targeted
        clone = w.json("campaign", "clone", str(campaign))["id"]
        reached = {r["to"] for r in w.ledger("accepted")}
        shown = w.json("campaign", "show", str(clone))
        with open(os.path.join(w.dir, "c.json"), "w", encoding="utf-8") as f:
            json.dump(shown["spec"]["segment"]["criteria"], f)
        left = w.json("segment", "count", "--criteria", os.path.join(w.dir, "c.json"), "--channel", "sms")
        again = w.run("campaign", "launch", str(clone), "--confirm", str(left["reach"]["reachable"]), ok=(0, 3))
        if again.returncode == 0:
            run_until(w, lambda: finished(w, clone), "the clone's end")
        per = collections.Counter(r["to"] for r in w.ledger("accepted"))
        assert all(per[to] == 1 for to in reached), "the clone reached the same people"


def a_launch_is_refused_by_rule():
    with World(customers=800, settings=FAST, sim_flags=["--no-replies"]) as w:
        campaign = w.create(**QUIET)
        wrong = w.run("campaign", "launch", str(campaign), "--confirm", "1", ok=(3,))
        assert "1" in wrong.stderr
        no_stop = w.create(agent=QUIET["agent"], segment=SOME, message=[{"name": "A", "text": "Hi {first_name|there}"}])
        assert w.run("campaign", "launch", str(no_stop), "--confirm", "1", ok=(2, 3)).returncode in (2, 3)
        empty = w.create(agent=QUIET["agent"], segment={"criteria": {"customer": {"name_contains": "nobody is called so"}}})
        assert w.run("campaign", "launch", str(empty), "--confirm", "0", ok=(3,)).returncode == 3
        unfilled = w.create(agent=QUIET["agent"], segment=SOME,
                            message=[{"name": "A", "text": "Hi, your {service}. Reply STOP to opt out."}])
        assert w.run("campaign", "launch", str(unfilled), "--confirm", "1", ok=(3,)).returncode == 3
        stale = w.run("--now", "2036-01-01T00:00:00Z", "campaign", "launch", str(campaign), "--confirm", "1", ok=(3,))
        assert stale.returncode == 3
        everyone = w.create(agent=QUIET["agent"], segment={"criteria": {}})
        reach = w.json("segment", "count", "--criteria", "-", "--channel", "sms", stdin="{}")["reach"]["reachable"]
        assert w.run("campaign", "launch", str(everyone), "--confirm", str(reach), ok=(3,)).returncode == 3
        assert not w.ledger("accepted")
        assert w.json("campaign", "list")["campaigns"]


def an_operator_answers_rules_and_settles():
    with World(customers=800, settings=FAST + ["sms.timeout_seconds=3", "policy.reconcile_after_seconds=3600"],
               sim_flags=["--no-replies", "--lose-answer", "0.2", "--callback-none", "1", "--list-lag-ms", "3600000"]) as w:
        campaign = w.create(**QUIET)
        w.launch(campaign)
        run_until(w, lambda: finished(w, campaign), "the end")
        doubts = w.json("in-doubt", "list")["in_doubt"]
        assert doubts and all(d["evidence"] for d in doubts)
        w.run("in-doubt", "settle", str(doubts[0]["id"]), "--as", "accepted")
        w.run("in-doubt", "settle", str(doubts[1]["id"]), "--as", "not-sent")
        left = {d["id"] for d in w.json("in-doubt", "list")["in_doubt"]}
        assert doubts[0]["id"] not in left and doubts[1]["id"] not in left
        assert w.run("in-doubt", "settle", str(doubts[0]["id"]), "--as", "accepted", ok=(3, 4)).returncode in (3, 4)


def the_relay_is_killed_and_nothing_that_it_took_is_lost():
    with World(customers=1200, settings=FAST, sim_flags=["--speed", "3000", "--seed", "9"]) as w:
        campaign = w.create(segment=SOME)
        w.launch(campaign)
        engine = w.popen("run")
        try:
            for _ in range(3):
                seen = len(w.ledger("inbound"))
                w.wait_for(lambda: len(w.ledger("inbound")) > seen + 5, "more replies")
                w.relay.kill()
                w.relay.wait()
                w.start_relay()
            w.wait_for(lambda: stats(w, campaign)["responded"] > 20, "replies in the ledger")
        finally:
            engine.terminate()
            assert engine.wait(30) == 0
        taken = {r["sid"] for r in w.ledger("inbound_posted") if r["http"] // 100 == 2}
        assert len(taken) > 20
        w.run("run", "--until-idle")
        shown = {m["provider_id"] for c in w.json("inbox", "list", "--messages")["conversations"]
                 for m in c["messages"] if m["direction"] == "inbound"}
        lost = taken - shown
        assert not lost, f"{len(lost)} replies that the relay had taken are not in the inbox"


def what_a_wiped_relay_took_with_it_is_read_from_the_list():
    """Somebody says STOP, the relay takes it and loses its log: the provider's list tells, before anything more goes out."""
    with World(customers=600, settings=["sms.per_second=60", *FAST[1:]], sim_flags=["--no-replies", "--speed", "100"]) as w:
        campaign = w.create(**QUIET)
        targeted = w.launch(campaign)
        engine = w.popen("run")
        try:
            w.wait_for(lambda: len(w.ledger("accepted")) > 20, "the first messages")
        finally:
            engine.terminate()
            assert engine.wait(30) == 0
        person = w.json("campaign", "recipients", str(campaign), "--state", "queued")["recipients"][-1]["address"]
        says(w, person, "STOP")
        w.relay.kill()
        w.relay.wait()
        for name in os.listdir(w.dir):
            if name.startswith("relay.db"):
                os.remove(os.path.join(w.dir, name))
        w.start_relay()
        run_until(w, lambda: finished(w, campaign), "the end of the campaign")
        reached = [r["to"] for r in w.ledger("accepted")]
        assert person not in reached, "the relay lost an opt-out, and the person was messaged"
        assert len(reached) == len(set(reached)) == targeted - 1, (len(reached), targeted)


if __name__ == "__main__":
    world.main([a_campaign_is_sent_answered_and_adds_up, a_canary_with_many_failures_stops_the_campaign,
                pause_stops_and_resume_goes_on,
                variants_split_exactly_and_nobody_is_reached_twice_by_a_clone, a_launch_is_refused_by_rule,
                an_operator_answers_rules_and_settles, the_relay_is_killed_and_nothing_that_it_took_is_lost,
                what_a_wiped_relay_took_with_it_is_read_from_the_list])
