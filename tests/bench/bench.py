"""Figures, taken side by side in one run: canvass beside the plain way to the same end. Median of several.

usage: bench.py [--customers N]      (default 100000; the release build must be there: make bench)
"""
import argparse
import os
import platform
import sqlite3
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "e2e"))
os.environ.setdefault("CANVASS_TEST_BIN", "build/release")
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
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        action()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def row(what, ours, other=None, other_name=""):
    ratio = f"{other / ours:8.1f}x" if other else ""
    beside = f"{other:10.1f} ms {other_name}" if other else ""
    print(f"  {what:<44} {ours:10.1f} ms   {beside} {ratio}", flush=True)


def make_world(customers):
    start = time.perf_counter()
    w = world.World(customers=customers, sim_flags=["--no-replies"],
                    settings=["sms.per_second=100000", "policy.frequency_cap.messages=0", "sms.max_connections=256",
                              "main_database.refresh_seconds=3600"])
    row(f"init --demo, {customers:,} customers (with first sync)", (time.perf_counter() - start) * 1000)
    return w


def segments(w):
    now = time.gmtime()
    stamp = time.mktime(now)
    cut = {f"d{d}": time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(stamp - d * 86400)) for d in (7, 90)}
    main = sqlite3.connect(os.path.join(w.dir, "main.db"))
    for name, sql in RAW.items():
        args = {k: v for k, v in cut.items() if ":" + k in sql}
        ours = statistics.median(
            w.json("segment", "count", "--template", name)["elapsed_ms"] for _ in range(RUNS))
        row(f"count {name}", ours, median_ms(lambda: main.execute(sql, args).fetchone()), "SQL on the main database")
    ours = statistics.median(
        w.json("segment", "count", "--template", "inactive_customers", "--channel", "sms")["elapsed_ms"] for _ in range(RUNS))
    row("count with reach, inactive_customers", ours)
    main.close()


def syncs(w):
    row("sync --full", median_ms(lambda: w.run("sync", "--full")))
    row("sync, nothing changed", median_ms(lambda: w.run("sync")))


def sending(w):
    campaign = w.create(agent={"template": "booking_abandonment_research", "mode": "none"},
                        segment={"template": "inactive_customers"},
                        message=[{"name": "A", "text": "Hi {first_name|there}, {business}. Reply STOP to opt out."}])
    start = time.perf_counter()
    count = w.launch(campaign)
    freeze = time.perf_counter() - start
    print(f"  launch: {count:,} recipients counted, checked and frozen in {freeze:.2f} s")
    start = time.perf_counter()
    w.run("run", "--until-idle", timeout=600)
    took = time.perf_counter() - start
    print(f"  engine: {len(w.ledger('accepted')):,} messages accepted in {took:.1f} s, "
          f"{len(w.ledger('accepted')) / took:,.0f} a second, claim synced before the call")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=100000)
    args = parser.parse_args()
    print(f"canvass bench: {platform.machine()}, {os.cpu_count()} cores, Python's SQLite {sqlite3.sqlite_version}")
    with make_world(args.customers) as w:
        syncs(w)
        segments(w)
        sending(w)


if __name__ == "__main__":
    main()
