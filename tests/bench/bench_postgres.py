"""A main database on PostgreSQL, on this machine: the first sync beside libpq draining the same rows, what changed
beside nothing, and counts beside SQL on the server. A private server, gone afterwards.

usage: bench_postgres.py [--customers N]      (default 100000; the release build must be there: make bench-postgres)
"""
import argparse
import os
import platform
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "e2e"))
os.environ.setdefault("CANVASS_TEST_BIN", "build/release")
import pg_server  # noqa: E402
import world  # noqa: E402
from test_postgres import Site  # noqa: E402

RUNS = 3
SETTINGS = ["shared_buffers = '512MB'", "work_mem = '64MB'", "max_wal_size = '8GB'"]
# The criteria of two templates in SQL as one who knows PostgreSQL would write it.
GOOD_SQL = {
    "inactive_customers": """
        SELECT count(*) FROM (SELECT customer_id, max(appointment_datetime) t FROM appointments GROUP BY 1) a
        LEFT JOIN (SELECT customer_id, max(last_activity_at) t FROM conversations GROUP BY 1) v USING (customer_id)
        JOIN customers c ON c.id = a.customer_id WHERE greatest(a.t, v.t) <= (now() AT TIME ZONE 'UTC') - interval '90 days'""",
    "sms_booking_abandoners": """
        SELECT count(*) FROM customers c WHERE NOT EXISTS (SELECT FROM appointments a WHERE a.customer_id = c.id)
        AND (SELECT max(last_activity_at) FROM conversations WHERE customer_id = c.id)
            <= (now() AT TIME ZONE 'UTC') - interval '7 days'
        AND EXISTS (SELECT FROM conversations v WHERE v.customer_id = c.id AND v.channel = 'sms'
            AND (v.outcome IN ('appointment_booked', 'booking_in_progress', 'booking_attempted')
                 OR EXISTS (SELECT FROM appointment_requests r WHERE r.conversation_id = v.id
                            AND r.status IN ('new', 'in_progress'))))""",
}


def seconds(action):
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def first_sync(server, site):
    """Rows a second of both, taken in turn."""
    ours, drains, rows = [], [], 0
    for _ in range(RUNS):
        told = subprocess.run([os.path.join(world.BIN, "postgres_drain"), server.url()], check=True, capture_output=True,
                              text=True).stdout.split()
        rows, took = int(told[0]), float(told[2])
        drains.append(took)
        for name in ("replica.db", "replica.idx"):
            for end in ("", "-wal", "-shm"):
                if os.path.exists(os.path.join(site.home, name + end)):
                    os.unlink(os.path.join(site.home, name + end))
        ours.append(seconds(lambda: site.run("sync", timeout=3600)))
    ours, drain = statistics.median(ours), statistics.median(drains)
    print(f"  first sync, {rows:,} rows, all indexes made{'':<4} {ours:8.2f} s   {rows / ours:12,.0f} rows/s")
    print(f"  libpq alone, the same rows into nothing {'':<5} {drain:8.2f} s   {rows / drain:12,.0f} rows/s"
          f"   canvass has {drain / ours:.0%} of that")


def later_syncs(server, site, customers):
    site.run("sync")
    nothing = [seconds(lambda: site.run("sync")) for _ in range(5)]
    print(f"  sync, nothing changed {'':<23} {statistics.median(nothing) * 1000:8.0f} ms")
    times = []
    for turn in range(RUNS):
        server.sql(f"UPDATE appointments SET status = 'completed', updated_at = now() AT TIME ZONE 'UTC' "
                   f"WHERE customer_id % 100 = {turn}")
        times.append(seconds(lambda: site.run("sync", timeout=3600)))
    print(f"  sync, 1 % of the customers touched {'':<10} {statistics.median(times) * 1000:8.0f} ms   ({customers // 100:,} customers)")


def counts(server, site):
    for name, sql in GOOD_SQL.items():
        theirs = statistics.median(seconds(lambda sql=sql: server.sql(sql)) for _ in range(RUNS)) * 1000
        told = [site.run("segment", "count", "--template", name, "--json").stdout for _ in range(5)]
        ours = statistics.median(world.json.loads(t)["elapsed_ms"] for t in told)
        assert int(server.sql(sql)) == world.json.loads(told[0])["matched"], f"{name}: PostgreSQL counts otherwise"
        print(f"  count {name:<37} {ours:8.2f} ms   PostgreSQL {theirs:8.0f} ms   {theirs / ours:.0f}x")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=100000)
    customers = parser.parse_args().customers
    with Site(None) as site, pg_server.Server(SETTINGS) as server:
        site.run("init", "--demo", "--customers", str(customers), "--seed", "3", timeout=3600)
        server.load_reference(os.path.join(site.dir, "main.db"))
        server.sql("VACUUM ANALYZE")
        for name in os.listdir(site.home):
            os.unlink(os.path.join(site.home, name))
        site.configure(server.url())
        print(f"canvass and PostgreSQL {server.sql('SHOW server_version').split()[0]}: {platform.machine()}, {os.cpu_count()} cores, "
              f"{customers:,} customers, the server on the same machine")
        first_sync(server, site)
        later_syncs(server, site, customers)
        counts(server, site)


if __name__ == "__main__":
    main()
