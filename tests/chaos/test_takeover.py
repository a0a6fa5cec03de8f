"""Engines that stand still, that die, and that all want to send: nobody is messaged twice, nobody is lost."""
import collections
import os
import random
import signal
import sqlite3
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "e2e"))
import world  # noqa: E402

MESSAGE = [{"name": "A", "text": "Hi {first_name|there}, {business} here. Reply STOP to opt out."}]
SETTINGS = ["sms.per_second=25", "sms.timeout_seconds=4", "policy.reconcile_after_seconds=4", "policy.retry_base_ms=50",
            "policy.frequency_cap.messages=0", "main_database.refresh_seconds=3600"]
GOOD = {"accepted", "sent", "delivered", "undelivered"}


class Scene(world.World):
    """A world with a launched campaign, and engines that never outlive it."""

    def __init__(self, sim_flags=("--latency-ms", "30"), settings=()):
        self.engines = []
        super().__init__(customers=900, settings=[*SETTINGS, *settings], sim_flags=["--no-replies", *sim_flags])
        self.campaign = self.create(agent={"template": "booking_abandonment_research", "mode": "none"}, message=MESSAGE)
        self.targeted = self.launch(self.campaign)
        assert self.targeted > 400, self.targeted

    def engine(self):
        process = self.popen("run", stdout=-3, stderr=-3)
        self.engines.append(process)
        return process

    def close(self):
        for process in self.engines:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()
        super().close()

    def accepted(self):
        return len(self.ledger("accepted"))

    def wait_sent(self, more, deadline=30):
        before = self.accepted()
        self.wait_for(lambda: self.accepted() >= before + more, f"{more} more messages", deadline)

    def lease(self):
        """Holder, fence; or None while somebody writes."""
        db = sqlite3.connect(f"file:{self.home}/canvass.db?mode=ro", uri=True, timeout=5)
        try:
            return db.execute("SELECT holder, fence, who FROM lease").fetchone()
        finally:
            db.close()

    def holder(self):
        who = self.lease()[2]
        return next(e for e in self.engines if who.endswith(f"process {e.pid}"))

    def is_locked(self):
        """Whether somebody has a transaction open that writes."""
        db = sqlite3.connect(f"{self.home}/canvass.db", timeout=0, isolation_level=None)
        try:
            db.execute("BEGIN IMMEDIATE")
            db.execute("ROLLBACK")
            return False
        except sqlite3.OperationalError:
            return True
        finally:
            db.close()

    def freeze(self, process):
        """Stops it at a moment when it does not hold the ledger's lock: then nobody else could go on either."""
        for _ in range(200):
            process.send_signal(signal.SIGSTOP)
            os.waitpid(process.pid, os.WUNTRACED)
            if not self.is_locked():
                return
            process.send_signal(signal.SIGCONT)
            time.sleep(random.uniform(0.001, 0.02))
        raise AssertionError("never stopped outside a transaction")

    def stop(self, process):
        process.send_signal(signal.SIGINT)
        assert process.wait(30) is not None

    def finish(self):
        """Everybody in a final state, and the books agree with the provider's."""
        def states():
            return self.json("campaign", "stats", str(self.campaign))["states"]

        def settled():
            left = states()
            return left["queued"] + left["retry_wait"] + left["sending"] + left["in_doubt"] == 0
        self.wait_for(settled, "every recipient in a final state", deadline=120)
        people = collections.Counter(r["to"] for r in self.ledger("accepted"))
        twice = [to for to, n in people.items() if n > 1]
        assert not twice, f"{len(twice)} people were messaged twice: {twice[:3]}"
        rows = self.json("campaign", "recipients", str(self.campaign))["recipients"]
        assert len(rows) == self.targeted == sum(states().values())
        for r in rows:
            assert (r["state"] in GOOD) == (r["address"] in people) or r["state"] == "failed", r
        reached = sum(r["state"] in GOOD for r in rows)
        print(f"  {self.targeted} recipients, {reached} reached, fence {self.lease()[1]}")
        return rows


def engine_that_stands_still_is_replaced_and_comes_back():
    with Scene() as w:
        for _ in range(3):
            first = w.engine()
            w.wait_for(lambda: w.lease() and w.lease()[2].endswith(f"process {first.pid}"), "the lease")
            w.wait_sent(20)
            w.freeze(first)
            fence = w.lease()[1]
            second = w.engine()
            w.wait_for(lambda: w.lease()[1] > fence, "the second engine takes over", deadline=5)
            w.wait_sent(20, deadline=10)
            time.sleep(6)  # beyond the lease, the time-out of calls and the first looks into the list
            first.send_signal(signal.SIGCONT)
            w.wait_sent(5)
            assert w.holder() is second, "the engine that came back must wait"
            assert w.lease()[1] == fence + 1, "the lease went to and fro"
            w.stop(first)
            w.stop(second)
        w.settings[0] = "sms.per_second=200"
        w.engine()
        w.finish()


def engine_that_stands_still_while_it_connects_sends_nothing_late():
    # every message needs a new connection and a slow answer: many are stopped between claim and first byte
    with Scene(sim_flags=("--latency-ms", "200"), settings=["sms.per_second=50"]) as w:
        for _ in range(2):
            first = w.engine()
            w.wait_for(lambda: w.lease() and w.lease()[2].endswith(f"process {first.pid}"), "the lease")
            w.wait_sent(5)
            w.freeze(first)
            second = w.engine()
            w.wait_for(lambda: w.holder() is second, "the second engine takes over", deadline=5)
            time.sleep(10)  # the list has been read and what is not in it is queued again
            first.send_signal(signal.SIGCONT)
            time.sleep(0.5)
            w.stop(first)
            w.stop(second)
            if w.json("campaign", "stats", str(w.campaign))["states"]["queued"] == 0:
                break
        w.engine()
        w.finish()


def three_engines_at_once_and_the_holder_is_killed():
    with Scene(settings=["sms.per_second=60"]) as w:
        for _ in range(3):
            w.engine()
        for _ in range(4):
            w.wait_sent(20)
            holder = w.holder()
            fence = w.lease()[1]
            holder.kill()
            holder.wait()
            w.engines.remove(holder)
            w.wait_for(lambda: w.lease()[1] > fence, "another one takes over", deadline=5)
            w.engine()
        rows = w.finish()
        assert all(r["state"] != "in_doubt" for r in rows)


if __name__ == "__main__":
    world.main([engine_that_stands_still_is_replaced_and_comes_back,
                engine_that_stands_still_while_it_connects_sends_nothing_late,
                three_engines_at_once_and_the_holder_is_killed])
