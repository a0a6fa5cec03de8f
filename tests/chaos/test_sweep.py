"""The crash sweep: the engine is stopped, or one call of it fails, at the n-th of all the calls by which it touches
the world (writes, syncs, locks, sockets, memory of libraries), for n = 1, 2, 3 ... until a run does not come to n.
After each: start again, finish, and ask the provider's own books.

In `make test` every so many points; `make chaos` takes all of them (CANVASS_SWEEP=all).
"""
import collections
import concurrent.futures
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("CANVASS_TEST_BIN", "build/release")
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "e2e"))
import world  # noqa: E402

ALL = os.environ.get("CANVASS_SWEEP") == "all"
SHIM = os.path.join(world.BIN, "fault.so")
SETTINGS = ["sms.per_second=400", "sms.timeout_seconds=2", "policy.reconcile_after_seconds=1", "policy.retry_base_ms=50",
            "main_database.refresh_seconds=3600"]
SIM = ["--speed", "2000", "--seed", "5"]
PATIENCE = 90


class Template(world.World):
    """Data, replica, and a campaign that is launched and not yet sent: made once, copied for every point."""

    def __init__(self):
        super().__init__(customers=40, settings=SETTINGS, start=False)
        self.run("sync")
        criteria = {"all": [{"customer": {"has_phone": True}}, {"appointment_count": {">=": 3}}]}
        self.campaign = self.create(segment={"criteria": criteria})
        self.targeted = self.launch(self.campaign)
        assert 5 <= self.targeted <= 20, self.targeted


class Copy(world.World):
    def __init__(self, template, relay_fault=None):
        self.dir = tempfile.mkdtemp(prefix="canvass-sweep-")
        shutil.copytree(template.dir, self.dir, dirs_exist_ok=True)
        self.config = os.path.join(self.dir, "config.yaml")
        self.home = os.path.join(self.dir, "state")
        self.settings, self.sim_flags = list(SETTINGS), list(SIM)
        self.sid, self.number = template.sid, template.number
        self.campaign, self.targeted = template.campaign, template.targeted
        self.relay = self.sim = self.relay_port = self.sim_port = None
        try:
            self.start_relay()
            if relay_fault:
                self.stop_relay(signal.SIGTERM)
                self.start_faulty_relay(*relay_fault)
            self.start_sim()
        except BaseException:
            self.close()
            raise

    def stop_relay(self, how):
        self.relay.send_signal(how)
        self.relay.wait()

    def start_faulty_relay(self, kind, at):
        listen = f"127.0.0.1:{self.relay_port}"
        self.relay = subprocess.Popen(
            [os.path.join(world.BIN, "canvass-relay"), "--config", os.path.join(self.dir, "relay.yaml"), "--listen", listen,
             "--public-url", f"http://{listen}"],
            env=self.fault_env(kind, at), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def fault_env(self, kind, at):
        return {**world.ENV, "LD_PRELOAD": SHIM, "FAULT_KIND": kind, "FAULT_AT": str(at),
                "FAULT_REPORT": os.path.join(self.dir, "points")}

    def run_faulty(self, kind, at):
        """One engine until it is idle, dies or fails. Returns whether the point was reached."""
        points = os.path.join(self.dir, "points")
        if os.path.exists(points):
            os.unlink(points)
        done = subprocess.run(self.argv("run", "--until-idle"), env=self.fault_env(kind, at), stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=PATIENCE, cwd=world.ROOT)
        if done.returncode == -signal.SIGKILL or (done.returncode == -signal.SIGABRT and "out of memory" in done.stderr):
            return True
        if kind == "memory" and done.returncode == -signal.SIGFPE:  # libcurl 7.88 divides by zero without memory: an end like a kill
            return True
        assert done.returncode in (0, 1, 3), (done.returncode, done.stderr)  # an error that is told, never a crash
        return self.points() >= at

    def points(self):
        return int(open(os.path.join(self.dir, "points"), encoding="utf-8").read())

    def rows(self, sql):
        db = sqlite3.connect(f"file:{self.home}/canvass.db?mode=ro", uri=True, timeout=20)
        try:
            return db.execute(sql).fetchall()
        finally:
            db.close()

    def is_settled(self):
        """Nothing waits, and the console has every text that a customer was told (2xx) has arrived."""
        open_rows = self.rows("SELECT (SELECT count(*) FROM delivery WHERE state IN ('queued', 'sending', 'retry_wait', 'in_doubt'))"
                              " + (SELECT count(*) FROM message WHERE state IN ('queued', 'sending', 'retry_wait', 'in_doubt'))"
                              " + (SELECT count(*) FROM plan_batch)")[0][0]
        if open_rows:
            return False
        return self.told() <= set(self.texts())

    def told(self):
        """The texts that were answered with 2xx: they must not be lost. The others the provider has given up."""
        return {r["sid"] for r in self.ledger("inbound_posted") if r["http"] == 200}

    def texts(self):
        return [sid for sid, in self.rows("SELECT provider_id FROM message WHERE direction = 'inbound'")]

    def finish(self):
        end = time.monotonic() + PATIENCE
        while True:
            self.run("run", "--until-idle", timeout=PATIENCE)
            if self.is_settled():
                return
            if time.monotonic() > end:
                raise AssertionError(f"never settled: {self.rows('SELECT state, count(*) FROM delivery GROUP BY 1')} "
                                     f"{self.rows('SELECT direction, state, count(*) FROM message GROUP BY 1, 2')} "
                                     f"{collections.Counter(r['event'] for r in self.ledger())}")

    def check(self):
        accepted = self.ledger("accepted")
        first = collections.Counter(r["to"] for r in accepted if "Reply STOP" in r["body"])
        assert max(first.values()) == 1, f"messaged twice: {first}"
        again = collections.Counter((r["to"], r["body"]) for r in accepted)
        assert max(again.values()) == 1, f"a question was asked twice: {again}"
        [(targeted, states, contacted)] = self.rows(
            "SELECT targeted, n_queued + n_sending + n_retry_wait + n_accepted + n_sent + n_delivered + n_undelivered"
            " + n_failed + n_in_doubt + n_skipped, contacted FROM campaign")
        assert targeted == states == self.targeted, (targeted, states)
        skipped = self.rows("SELECT count(*) FROM delivery WHERE state = 'skipped'")[0][0]
        assert len(first) + skipped == self.targeted, "somebody was lost"
        assert contacted == len(first), (contacted, len(first))
        end = time.monotonic() + PATIENCE
        # What was told is read before what is there: customers may write once more at any time.
        told, texts = self.told(), self.texts()
        while not told <= set(texts) and time.monotonic() < end:
            self.finish()
            told, texts = self.told(), self.texts()
        assert len(texts) == len(set(texts)), "a text is there twice"
        assert told <= set(texts) <= {r["sid"] for r in self.ledger("inbound")}, "a text was lost, or made up"
        # nobody who has opted out got anything after the console knew of it
        for address, at in self.rows("SELECT address, at FROM suppression WHERE reason = 'opt_out'"):
            late = self.rows("SELECT count(*) FROM attempt WHERE address = '%s' AND claimed_at > %d" % (address, at))[0][0]
            assert late == 0, f"{address} was claimed after the opt-out"
        for name in ("canvass.db", "replica.db"):
            db = sqlite3.connect(os.path.join(self.home, name))
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)], name
            assert name != "canvass.db" or not db.execute("PRAGMA foreign_key_check").fetchall()
            db.close()


def engine_at(template, kind, at):
    with Copy(template) as w:
        reached = w.run_faulty(kind, at)
        w.finish()
        w.check()
        return reached


def relay_at(template, kind, at):
    with Copy(template, relay_fault=(kind, at)) as w:
        engine = w.popen("run", "--until-idle", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        died = False
        while engine.poll() is None:
            if not died and w.relay.poll() is not None:
                died = True
                w.start_relay()
            time.sleep(0.01)
        w.finish()
        w.check()
        return died


def count_points(template, kind):
    with Copy(template) as w:
        w.run_faulty(kind, 0)
        points = w.points()
        w.finish()
        w.check()
        return points


def count_relay_points(template):
    with Copy(template, relay_fault=("kill", 0)) as w:
        w.run("run", "--until-idle", timeout=PATIENCE)
        w.stop_relay(signal.SIGTERM)
        points = w.points()
        w.start_relay()
        w.finish()
        w.check()
        return points


def sweep(one, kind, points, sample):
    """Every point, or about `sample` of them, spread over the whole run; the last ones go past its end."""
    step = 1 if ALL else max(1, points // sample)
    chosen = list(range(1, points + 2, step)) + [points * 2]
    failures, reached = [], 0
    with Template() as template, concurrent.futures.ThreadPoolExecutor(6) as pool:
        jobs = {pool.submit(one, template, kind, at): at for at in chosen}
        for job in concurrent.futures.as_completed(jobs):
            try:
                reached += bool(job.result())
            except Exception as why:  # noqa: BLE001: all of them are told
                failures.append(f"at {jobs[job]}: {type(why).__name__}: {why}")
    print(f"  {kind}: {len(chosen)} points of about {points}, {reached} reached, {len(failures)} wrong")
    assert not failures, "\n".join(sorted(failures)[:8])
    assert reached >= len(chosen) // 2, "hardly any point was reached: the sweep tests nothing"


def engine(kind, sample):
    def test():
        with Template() as template:
            points = count_points(template, kind)
        assert points > 5, points
        sweep(engine_at, kind, points, sample)
    test.__name__ = f"engine_{kind}_at_every_point"
    return test


def relay_killed_at_every_point():
    with Template() as template:
        points = count_relay_points(template)
    assert points > 50, points
    sweep(relay_at, "kill", points, 30)


if __name__ == "__main__":
    world.main([engine("kill", 60), engine("full", 16), engine("io", 16), engine("busy", 12), engine("reset", 20),
                engine("memory", 48), relay_killed_at_every_point])
