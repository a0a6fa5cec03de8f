"""Nothing leaves after a stop: of one person (an opt-out that is stored while the engine claims) or of everything."""
import collections
import os
import random
import sqlite3
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "e2e"))
import world  # noqa: E402

MESSAGE = [{"name": "A", "text": "Hi {first_name|there}, {business} here. Reply STOP to opt out."}]
SETTINGS = ["sms.per_second=300", "policy.frequency_cap.messages=0", "main_database.refresh_seconds=3600",
            "policy.reconcile_after_seconds=1"]


class Scene(world.World):
    def __init__(self, customers=1500, sim_flags=(), settings=()):
        self.engine = None
        super().__init__(customers=customers, settings=[*SETTINGS, *settings], sim_flags=["--no-replies", *sim_flags])
        self.campaign = self.create(agent={"template": "booking_abandonment_research", "mode": "none"}, message=MESSAGE)
        self.targeted = self.launch(self.campaign)

    def begin(self):
        self.engine = self.popen("run", stdout=-3, stderr=-3)
        self.wait_for(lambda: len(self.ledger("accepted")) > 5, "some are sent")

    def end(self):
        self.engine.terminate()
        self.engine.wait(30)
        self.engine = None

    def close(self):
        if self.engine and self.engine.poll() is None:
            self.engine.kill()
            self.engine.wait()
        super().close()

    def settled(self):
        self.run("run", "--until-idle", timeout=120)
        states = self.json("campaign", "stats", str(self.campaign))["states"]
        return states["queued"] + states["retry_wait"] + states["sending"] + states["in_doubt"] == 0

    def still(self):
        """The provider's count, once nothing is under way any more."""
        self.wait_for(lambda: self.json("campaign", "stats", str(self.campaign))["states"]["sending"] == 0, "calls under way end")
        return len(self.ledger("accepted"))


def a_stored_opt_out_is_never_followed_by_a_claim():
    rng = random.Random(7)
    with Scene() as w:
        w.begin()
        db = sqlite3.connect(os.path.join(w.home, "canvass.db"), timeout=20, isolation_level=None)
        stored = {}
        addresses = [a for a, in db.execute("SELECT address FROM delivery")]
        rng.shuffle(addresses)
        for address in addresses[:400]:
            db.execute("BEGIN IMMEDIATE")
            db.execute("INSERT OR IGNORE INTO suppression VALUES (?, 'sms', 'operator', 'a race', ?)", (address, int(time.time())))
            stored[address] = db.execute("SELECT coalesce(max(id), 0) FROM attempt").fetchone()[0]
            db.execute("COMMIT")
        w.end()
        w.wait_for(w.settled, "everybody in a final state", 120)
        late = [a for a, newest in stored.items()
                if db.execute("SELECT count(*) FROM attempt WHERE address = ? AND id > ?", (a, newest)).fetchone()[0]]
        skipped = db.execute("SELECT count(*) FROM delivery WHERE reason = 'opted_out'").fetchone()[0]
        db.close()
        assert not late, f"claimed after the opt-out: {late[:3]}"
        assert skipped > 50, f"only {skipped} opt-outs came before their message: the race was none"
        people = collections.Counter(r["to"] for r in w.ledger("accepted"))
        assert max(people.values()) == 1
        assert len(people) + skipped == w.targeted, (len(people), skipped, w.targeted)


def stop_all_holds_back_what_is_claimed():
    # slow answers and many connections: without the question before every message dozens would follow
    with Scene(sim_flags=["--latency-ms", "40"], settings=["sms.per_second=200"]) as w:
        w.begin()
        said = w.json("stop-all")
        at_stop = len(w.ledger("accepted"))
        after = w.still()
        assert said["stopped"] and said["under_way"] >= 0
        assert after - at_stop <= said["under_way"], (at_stop, after, said)
        time.sleep(1.0)  # it really stays so
        assert len(w.ledger("accepted")) == after < w.targeted
        w.run("start-all")
        w.end()
        w.wait_for(w.settled, "everybody in a final state", 120)
        people = collections.Counter(r["to"] for r in w.ledger("accepted"))
        assert len(people) == w.targeted and max(people.values()) == 1


def a_file_stops_everything():
    with Scene(settings=["sms.per_second=100"]) as w:
        w.begin()
        with open(os.path.join(w.home, "STOP"), "w", encoding="utf-8"):
            pass
        time.sleep(0.05)
        at_stop = len(w.ledger("accepted"))
        after = w.still()
        assert after - at_stop <= 256 and after < w.targeted
        time.sleep(1.0)
        assert len(w.ledger("accepted")) == after
        assert "the file STOP" in w.run("audit").stdout
        w.run("start-all")
        assert not os.path.exists(os.path.join(w.home, "STOP"))
        w.end()
        w.wait_for(w.settled, "everybody in a final state", 120)
        people = collections.Counter(r["to"] for r in w.ledger("accepted"))
        assert len(people) == w.targeted and max(people.values()) == 1


if __name__ == "__main__":
    world.main([a_stored_opt_out_is_never_followed_by_a_claim, stop_all_holds_back_what_is_claimed, a_file_stops_everything])
