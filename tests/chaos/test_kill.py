"""The engine is killed at random moments while the provider hides some of its answers: nobody is messaged
twice, nobody is lost, and only where an answer was hidden may anything have been in doubt."""
import collections
import os
import random
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "e2e"))
import world  # noqa: E402

KILLS = int(os.environ.get("CANVASS_KILLS", "30"))
RECIPIENTS = 2000
MESSAGE = [{"name": "A", "text": "Hi {first_name|there}, {business} here. Reply STOP to opt out."}]
FAST = ["sms.per_second=400", "sms.timeout_seconds=4", "policy.reconcile_after_seconds=4", "policy.retry_base_ms=50",
        "policy.frequency_cap.messages=0", "main_database.refresh_seconds=3600"]


def states(w, campaign):
    return w.json("campaign", "stats", str(campaign))["states"]


def check(w, campaign, targeted):
    stats = w.json("campaign", "stats", str(campaign))
    accepted = [r for r in w.ledger("accepted")]
    per_person = collections.Counter(r["to"] for r in accepted)
    twice = [to for to, n in per_person.items() if n > 1]
    assert not twice, f"{len(twice)} people were messaged twice: {twice[:3]}"
    assert stats["targeted"] == targeted == sum(stats["states"].values()), stats
    rows = w.json("campaign", "recipients", str(campaign))["recipients"]
    assert len(rows) == targeted
    good = {"accepted", "sent", "delivered", "undelivered"}
    for r in rows:
        reached = r["address"] in per_person
        if r["state"] in good:
            assert reached, f"delivery {r['id']} is {r['state']}, but the provider never saw it"
        elif r["state"] == "skipped":
            assert not reached, f"delivery {r['id']} is skipped, but the provider accepted it"
        elif r["state"] == "failed":
            assert r["error_code"] or r["error"], r
        else:
            assert r["state"] == "in_doubt", r
    return stats, per_person


def kill_at_random(seed, kills, sim_flags):
    rng = random.Random(seed)
    with world.World(customers=2600, settings=FAST, sim_flags=["--no-replies", *sim_flags]) as w:
        campaign = w.create(agent={"template": "booking_abandonment_research", "mode": "none"}, message=MESSAGE)
        targeted = w.launch(campaign)
        assert targeted >= RECIPIENTS, targeted
        done = 0
        while done < kills:
            engine = w.popen("run", stdout=-3, stderr=-3)
            # a takeover may wait for the dead engine's lease: count only kills of engines that were at work
            before = len(w.ledger("accepted"))
            end = time.monotonic() + 30
            while len(w.ledger("accepted")) == before and time.monotonic() < end:
                left = states(w, campaign)
                if left["queued"] + left["retry_wait"] + left["sending"] == 0:
                    break
                time.sleep(0.02)
            time.sleep(rng.uniform(0.0, 0.25))
            engine.send_signal(signal.SIGKILL)
            engine.wait()
            done += 1
        # whoever is left is settled by the provider's list, or stays for a person
        def settled():
            w.run("run", "--until-idle", timeout=120)
            left = states(w, campaign)
            return left["queued"] + left["retry_wait"] + left["sending"] + left["in_doubt"] == 0
        w.wait_for(settled, "every recipient in a final state", deadline=150)
        stats, people = check(w, campaign, targeted)
        assert stats["states"]["in_doubt"] == 0, stats
        assert len(people) + stats["states"]["failed"] + stats["states"]["skipped"] >= targeted
        print(f"  {kills} kills, {targeted} recipients, {len(people)} reached, states {stats['states']}")


def killed_while_the_provider_answers():
    kill_at_random(11, KILLS // 2, ["--latency-ms", "20"])


def killed_while_the_provider_hides_answers():
    kill_at_random(12, KILLS - KILLS // 2, ["--latency-ms", "20", "--lose-answer", "0.03", "--error-500", "0.02", "--rate-429", "0.02"])


if __name__ == "__main__":
    world.main([killed_while_the_provider_answers, killed_while_the_provider_hides_answers])
