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


QUESTION = ["--template", "inactive_customers", "--channel", "sms", "--now", "2026-11-23T09:00:00Z", "--json"]


def ask(site, *words):
    """A preview by a process of its own: what it says without what it took, or None when there is no answer yet."""
    done = subprocess.run(site.argv("-v", "segment", *words, *QUESTION), env=world.ENV, capture_output=True, text=True)
    told = world.json.loads(done.stdout) if done.returncode == 0 else {}
    if not told.get("replica_generation"):
        return None
    told.pop("elapsed_ms", None)
    return told, "the column index answers" in done.stderr


def preview(site):
    """Count, reach and 50 people by name; None until the column index answers."""
    answers = [ask(site, "count"), ask(site, "sample", "--limit", "50")]
    return [told for told, _ in answers] if all(a and a[1] for a in answers) else None


def one_first_sync(site):
    """Seconds to the first answer of another process, what the command itself says of that, and seconds to its end."""
    for name in ("replica.db", "replica.idx"):
        for end in ("", "-wal", "-shm"):
            if os.path.exists(os.path.join(site.home, name + end)):
                os.unlink(os.path.join(site.home, name + end))
    start = time.perf_counter()
    sync = subprocess.Popen(site.argv("sync", "--json"), env=world.ENV, stdout=subprocess.PIPE, text=True)
    # looking for the file costs nothing: asking all the time would take a core from both
    first, ready = None, 0.0
    while first is None and sync.poll() is None:
        if os.path.exists(os.path.join(site.home, "replica.idx")):
            first = preview(site)
            ready = time.perf_counter() - start
        else:
            time.sleep(0.005)
    early = sync.poll() is None
    told = world.json.loads(sync.communicate()[0])
    finished = time.perf_counter() - start
    assert sync.returncode == 0
    assert first and early, "no preview was answered before the command ended"
    last = preview(site)
    assert first == last, f"the first preview said otherwise: {first} {last}"
    assert len(first[1]["people"]) == 50 and all(p["name"] for p in first[1]["people"])
    return ready, told["ready_ms"] / 1000, finished


def first_sync(server, site):
    """Rows a second of both, taken in turn."""
    ours, drains, rows = [], [], 0
    for _ in range(RUNS):
        told = subprocess.run([os.path.join(world.BIN, "postgres_drain"), server.url()], check=True, capture_output=True,
                              text=True).stdout.split()
        rows, took = int(told[0]), float(told[2])
        drains.append(took)
        ours.append(one_first_sync(site))
    drain = statistics.median(drains)
    seen, told, finished = (statistics.median(times) for times in zip(*ours))

    def say(what, took, more=""):
        print(f"  {what:<46} {took:8.2f} s   {rows / took:12,.0f} rows/s{more}")

    print(f"  first sync, {rows:,} rows, and libpq alone")
    say("libpq alone, the same rows into nothing", drain)
    say("ready to preview, as another process saw it", seen, f"   {drain / seen:.0%} of libpq alone")
    say("ready to preview, as the command says", told, f"   {drain / told:.0%}")
    say("the end of the command, all indexes made", finished, f"   {drain / finished:.0%}")


def later_syncs(server, site, customers):
    site.run("sync")
    nothing = [seconds(lambda: site.run("sync")) for _ in range(5)]
    print(f"  sync, nothing changed {'':<23} {statistics.median(nothing) * 1000:8.0f} ms")
    touch = {"appointments": "appointments SET status = 'completed'",
             "conversations": "conversations SET outcome = 'browsing'",
             "customers": "customers SET is_new_client = NOT is_new_client"}
    for what, tables in (("appointments", ["appointments"]), ("all rows", list(touch))):
        times, rows = [], 0
        for turn in range(RUNS):
            for table in tables:
                key = "id" if table == "customers" else "customer_id"
                server.sql(f"UPDATE {touch[table]}, updated_at = now() AT TIME ZONE 'UTC' WHERE {key} % 100 = {turn}")
            times.append(seconds(lambda: site.run("sync", timeout=3600)))
            rows = sum(int(server.sql(f"SELECT count(*) FROM {t} WHERE {'id' if t == 'customers' else 'customer_id'} % 100 = {turn}"))
                       for t in tables)
        print(f"  sync, {what} of 1 % of the customers touched {'':<{13 - len(what)}} {statistics.median(times) * 1000:8.0f} ms"
              f"   ({customers // 100:,} customers, {rows:,} rows)")


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
