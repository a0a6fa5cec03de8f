"""Figures, taken side by side in one run: canvass beside the plain way to the same end. Median of several.

usage: bench.py [--customers N]      (default 100000; the release build must be there: make bench)
"""
import argparse
import datetime
import functools
import json
import os
import platform
import signal
import sqlite3
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "e2e"))
os.environ.setdefault("CANVASS_TEST_BIN", "build/release")
import duck  # noqa: E402
import screen  # noqa: E402
import world  # noqa: E402

RUNS = 5
# The same segments, as plain SQL on the main database's own tables.
RAW = {
    "inactive_customers": """
        SELECT count(*) FROM customers c WHERE EXISTS (SELECT 1 FROM appointments a WHERE a.customer_id = c.id)
        AND (SELECT max(t) FROM (SELECT max(appointment_datetime) t FROM appointments WHERE customer_id = c.id
             UNION ALL SELECT max(last_activity_at) FROM conversations WHERE customer_id = c.id)) <= :d90""",
    "sms_booking_abandoners": """
        SELECT count(*) FROM customers c WHERE NOT EXISTS (SELECT 1 FROM appointments a WHERE a.customer_id = c.id)
        AND (SELECT max(last_activity_at) FROM conversations WHERE customer_id = c.id) <= :d7
        AND EXISTS (SELECT 1 FROM conversations v WHERE v.customer_id = c.id AND v.channel = 'sms'
            AND (v.outcome IN ('appointment_booked', 'booking_in_progress', 'booking_attempted')
                 OR EXISTS (SELECT 1 FROM appointment_requests r WHERE r.conversation_id = v.id
                            AND r.status IN ('new', 'in_progress'))))""",
}


def median_ms(action):
    """Of RUNS, or of as many as go into half a minute: one at least."""
    times = []
    while len(times) < RUNS and sum(times) < 30000:
        start = time.perf_counter()
        action()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


@functools.lru_cache
def raw_ms(path, name):
    """The count of a segment by plain SQL on the main database, with the indexes that help it."""
    main = sqlite3.connect(path)
    main.execute("CREATE INDEX IF NOT EXISTS for_the_bench ON appointment_requests (conversation_id, status)")
    stamp = time.time()
    args = {d: time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(stamp - int(d[1:]) * 86400))
            for d in ("d7", "d90") if ":" + d in RAW[name]}
    took = median_ms(lambda: main.execute(RAW[name], args).fetchone())
    main.close()
    return took


def row(what, ours, other=None, other_name=""):
    ratio = f"{other / ours:8.1f}x" if other else ""
    beside = f"{other:10.1f} ms {other_name}" if other else ""
    print(f"  {what:<44} {ours:10.1f} ms   {beside} {ratio}", flush=True)


def make_world(customers):
    start = time.perf_counter()
    w = world.World(customers=customers, sim_flags=["--no-replies", "--callback-none", "1"],
                    settings=["sms.per_second=100000", "policy.frequency_cap.messages=0", "sms.max_connections=256",
                              "main_database.refresh_seconds=3600"])
    row(f"init --demo, {customers:,} customers (with first sync)", (time.perf_counter() - start) * 1000)
    return w


def segments(w):
    for name in RAW:
        ours = statistics.median(
            w.json("segment", "count", "--template", name)["elapsed_ms"] for _ in range(RUNS))
        row(f"count {name}", ours, raw_ms(os.path.join(w.dir, "main.db"), name), "SQL on the main database")
    ours = statistics.median(
        w.json("segment", "count", "--template", "inactive_customers", "--channel", "sms")["elapsed_ms"] for _ in range(RUNS))
    row("count with reach, inactive_customers", ours)


def previews(w):
    """The console's preview, the day of one criterion moved each time: count, reach and 50 named people."""
    done = subprocess.run([os.path.join(world.BIN, "bench_preview"), w.home, "300"],
                          check=True, capture_output=True, text=True)
    told = json.loads(done.stdout)
    raw_of = {"inactive": "inactive_customers", "abandoners": "sms_booking_abandoners"}
    by_duckdb = duck.ask(w.home, w.dir, told["now"], told["day"])
    print("  preview, one criterion changed: exact count, reach and 50 named people")
    for q in told["questions"]:
        line = (f"    {q['name']:<20} p50 {q['p50_ms']:8.3f} ms  p99 {q['p99_ms']:8.3f} ms  first {q['first_ms']:7.1f} ms"
                f"   SQL on the facts {q['sql_p50_ms']:8.1f} ms {q['sql_p50_ms'] / q['p50_ms']:8.0f}x")
        if q["name"] in raw_of:
            raw = raw_ms(os.path.join(w.dir, "main.db"), raw_of[q["name"]])
            line += f"   count alone, SQL on the main database {raw:8.1f} ms {raw / q['p50_ms']:8.0f}x"
        print(line, flush=True)
        if isinstance(by_duckdb, dict) and q["name"] in by_duckdb:
            d = by_duckdb[q["name"]]
            assert d["matched"] == q["matched"], f"{q['name']}: DuckDB counts {d['matched']}, canvass {q['matched']}"
            print(f"    {'':<20} DuckDB on the facts, count and 50 people: p50 {d['p50_ms']:.1f} ms  worst {d['p99_ms']:.1f} ms"
                  f"  {d['p50_ms'] / q['p50_ms']:.0f}x")
    print(f"    resident memory of the process that asked: {told['resident_mb']:.0f} MB")
    if isinstance(by_duckdb, str):
        print(f"    DuckDB is not compared: {by_duckdb}")


def syncs(w):
    row("sync --full", median_ms(lambda: w.run("sync", "--full")))
    row("sync, nothing changed", median_ms(lambda: w.run("sync")))


def login_of(w):
    with open(os.path.join(w.dir, "twilio.token"), encoding="utf-8") as f:
        return w.sid, f.read().strip()


def plain(w, how, messages, connections, *more, port=None):
    """Messages a second of the plain way, at the simulator or at another provider's port."""
    url = f"http://127.0.0.1:{port or w.sim_port}/2010-04-01/Accounts/{w.sid}/Messages.json"
    done = subprocess.run([os.path.join(world.BIN, "plain_send"), how, str(messages), str(connections), url,
                           ":".join(login_of(w)), w.number, *more], check=True, capture_output=True, text=True)
    return float(done.stdout)


def sender_alone(w, messages, connections, port):
    """canvass's own calls with nothing behind them."""
    subprocess.run([os.path.join(world.BIN, "sender_alone"), str(messages), str(connections), f"http://127.0.0.1:{port}",
                    *login_of(w), w.number, f"http://127.0.0.1:{w.relay_port}"], check=True)


def seconds_of(line):
    return datetime.datetime.fromisoformat(line["at"].replace("Z", "+00:00")).timestamp()


def to_all(w):
    return w.create(agent={"template": "booking_abandonment_research", "mode": "none"},
                    segment={"criteria": {"any": [{"appointment_count": {">=": 1}}, {"appointment_count": 0}]}},
                    message=[{"name": "A", "text": "Hi {first_name|there}, {business}. Reply STOP to opt out."}])


def middle_speed(w):
    """Messages a second at the provider, without start and end: between the tenth and the ninetieth percent."""
    times = sorted(seconds_of(line) for line in w.ledger("accepted"))
    return 0.8 * len(times) / (times[int(0.9 * len(times)) - 1] - times[int(0.1 * len(times))])


class ProviderAtOnce:
    """The provider that costs as little as one can; `took` is what it saw, once the block has ended."""

    def __init__(self, w):
        self.port_file = os.path.join(w.dir, "at-once.port")
        self.took = None

    def __enter__(self):
        if os.path.exists(self.port_file):
            os.unlink(self.port_file)
        self.process = subprocess.Popen([os.path.join(world.BIN, "provider_at_once"), "--port-file", self.port_file],
                                        stdout=subprocess.PIPE, text=True)
        end = time.monotonic() + 20
        while not os.path.exists(self.port_file):
            assert self.process.poll() is None and time.monotonic() < end, "provider_at_once does not start"
            time.sleep(0.01)
        with open(self.port_file, encoding="utf-8") as f:
            self.port = int(f.read())
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        count, speed, cost_us = self.process.communicate(timeout=20)[0].split()
        self.took = (int(count), float(speed), float(cost_us))


def sending_at_once(customers, rounds=3):
    """The engine, its calls alone and libcurl's multi interface in turn, at a provider that leaves the cores to them."""
    with world.World(customers=min(customers, 200000), sim_flags=["--no-replies", "--callback-none", "1"],
                     settings=["sms.per_second=100000", "policy.frequency_cap.messages=0", "sms.max_connections=256",
                               "main_database.refresh_seconds=3600"]) as w:
        def engine(_count, port):
            w.run("--set", f"sms.base_url=http://127.0.0.1:{port}", "run", "--until-idle", timeout=600)

        ways = {"provider that answers at once: canvass": engine,
                "  its calls alone, nothing kept": lambda count, port: sender_alone(w, count, 256, port),
                "  libcurl multi alone, nothing kept": lambda count, port: plain(w, "multi", count, 256, port=port)}
        speeds = {name: [] for name in ways}
        costs = []
        for _ in range(rounds):
            count = w.launch(to_all(w))
            for name, send in ways.items():
                with ProviderAtOnce(w) as provider:
                    send(count, provider.port)
                came, speed, cost_us = provider.took
                assert came == count, f"{name}: {came} of {count} came"
                speeds[name].append(speed)
                costs.append(cost_us)
        ours = statistics.median(speeds["provider that answers at once: canvass"])
        for name, taken in speeds.items():
            middle = statistics.median(taken)
            print(f"  {name:<46} {middle:10,.0f} messages/s   canvass makes {ours / middle:4.0%}"
                  f"   ({min(taken):,.0f}-{max(taken):,.0f} in {rounds} rounds)", flush=True)
        print(f"    the provider costs {statistics.median(costs):.1f} us a message")


def sending(w):
    """At the simulator, which costs as much as what it measures: beside libcurl in each plain way. No callbacks."""
    campaign = to_all(w)
    start = time.perf_counter()
    count = w.launch(campaign)
    took = time.perf_counter() - start
    print(f"  launch: {count:,} recipients counted, checked, frozen and queued in {took:.2f} s")
    w.run("run", "--until-idle", timeout=3600)
    ours = middle_speed(w)
    ways = [("canvass: claim synced before, answer kept", ours),
            ("libcurl multi, 256 connections, nothing kept", plain(w, "multi", 20000, 256)),
            ("libcurl, one call after the other", plain(w, "sequential", 5000, 1)),
            ("the same, a synced commit before and after", plain(w, "commit", 2000, 1, os.path.join(w.dir, "plain.db")))]
    for name, speed in ways:
        print(f"  {name:<46} {speed:10,.0f} messages/s   {speed / ours:6.2f} of canvass")


def sending_far_away():
    """A provider that takes 50 ms for an answer, and 512 connections to it."""
    with world.World(customers=40000, sim_flags=["--no-replies", "--callback-none", "1", "--latency-ms", "50"],
                     settings=["sms.per_second=100000", "policy.frequency_cap.messages=0", "sms.max_connections=512",
                               "main_database.refresh_seconds=3600"]) as w:
        w.launch(to_all(w))
        w.run("run", "--until-idle", timeout=600)
        ours, most = middle_speed(w), 512 / 0.05
        alone = plain(w, "multi", 40000, 512)
        print(f"  {'provider 50 ms away, 512 connections':<46} {ours:10,.0f} messages/s   {ours / most:6.0%} of {most:,.0f}"
              f"; libcurl multi alone {alone:,.0f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=100000)
    args = parser.parse_args()
    print(f"canvass bench: {platform.machine()}, {os.cpu_count()} cores, Python's SQLite {sqlite3.sqlite_version}")
    with make_world(args.customers) as w:
        syncs(w)
        segments(w)
        previews(w)
        sending(w)
        screen.measure(w, world.ENV)
        campaign = to_all(w)
        count = w.launch(campaign)
        if count < 600000:  # it must last longer than the looking at it
            w.settings.append(f"sms.per_second={count // 30}")
        screen.while_sending(w, world.ENV, campaign)
    sending_at_once(args.customers)
    sending_far_away()


if __name__ == "__main__":
    main()
