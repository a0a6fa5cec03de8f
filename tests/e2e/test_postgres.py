#!/usr/bin/env python3
"""The main database on PostgreSQL: the same facts as from SQLite, changes of every kind, and what failures leave."""
import contextlib
import datetime
import json
import os
import random
import select
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
import uuid
import zoneinfo

from pg_server import Server
from world import BIN, ENV, ROOT, World, main

TEMPLATES = ["sms_booking_abandoners", "booking_flow_abandoners", "high_satisfaction_no_repeat", "recent_callers_no_booking",
             "inactive_customers", "cancelled_appointments"]
FACTS = ("name, phone, email, phone_e164, email_norm, is_new_client, notes, created_at, updated_at, last_contact, "
         "last_appointment, last_appointment_status, last_appointment_service, last_appointment_provider, "
         "last_appointment_cancelled_at, last_visit, last_visit_service, last_cancellation, appointment_count, "
         "conversation_count, last_satisfaction")
DUMPS = {
    "customer": f"SELECT key, {FACTS} FROM customer ORDER BY key",
    "appointment": "SELECT a.key, c.key, at, status, service, provider, booked_by, cancelled_at FROM appointment a "
                   "JOIN customer c ON c.id = a.customer_id ORDER BY a.key",
    "conversation": "SELECT v.key, c.key, channel, type, status, outcome, sentiment, satisfaction, at, has_open_request "
                    "FROM conversation v JOIN customer c ON c.id = v.customer_id ORDER BY v.key",
    "metadata": "SELECT m.conversation_key, m.name, c.key, at FROM conversation_metadata m "
                "JOIN customer c ON c.id = m.customer_id ORDER BY 1, 2",
    "request": "SELECT key, conversation_key, status FROM request ORDER BY key",
    "orphan": "SELECT table_name, key, customer_key FROM orphan ORDER BY 1, 2",
}


# The replica's tables, and the names of those whose rows may be put aside.
KEYS = [("customer", None), ("appointment", "appointments"), ("conversation", "conversations"), ("request", None)]


class Site:
    """A configuration and a state folder that read one main database."""

    def __init__(self, url, mapping="reference", folder=None):
        self.dir = folder or tempfile.mkdtemp(prefix="canvass-test-")
        self.home = os.path.join(self.dir, "state")
        self.config = os.path.join(self.dir, "config.yaml")
        if url:
            self.configure(url, mapping)

    def configure(self, url, mapping="reference"):
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(f"business: {{name: Test}}\nmain_database:\n  url: \"{url}\"\n  mapping: \"{mapping}\"\n")

    def argv(self, *args):
        return [os.path.join(BIN, "canvass"), "--config", self.config, "--home", self.home, *args]

    def run(self, *args, ok=(0,), timeout=120):
        done = subprocess.run(self.argv(*args), env=ENV, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=timeout, cwd=ROOT)
        if done.returncode not in ok:
            raise AssertionError(f"canvass {' '.join(args)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def sync(self, *args):
        told = json.loads(self.run("sync", "--json", *args).stdout)
        self.counts_are_true()
        return told

    def counts_are_true(self):
        """What the replica keeps of its own numbers of rows is what it holds."""
        kept = self.ask("SELECT updated_at FROM watermark WHERE table_name = 'keys'")
        for kept_count, (table, orphans) in zip(kept[0][0].split(), KEYS):
            here = self.ask(f"SELECT (SELECT count(*) FROM {table}) + (SELECT count(*) FROM orphan WHERE table_name = ?)", orphans)
            assert int(kept_count) in (-1, here[0][0]), (table, kept_count, here)

    def fails(self, *words, command=("sync",), ok=(1, 2)):
        """The command fails, and says these words."""
        done = self.run(*command, ok=ok)
        said = done.stdout + done.stderr
        for word in words:
            assert word in said, (word, said)
        return said

    def count(self, template):
        return json.loads(self.run("segment", "count", "--template", template, "--now", "2026-11-23T09:00:00Z",
                                   "--json").stdout)["matched"]

    def reach(self):
        """What the column index says of everybody's addresses."""
        everybody = os.path.join(self.dir, "everybody.json")
        with open(everybody, "w", encoding="utf-8") as f:
            f.write('{"any": [{"has_appointment": true}, {"has_appointment": false}]}')
        told = [json.loads(self.run("segment", "count", "--criteria", everybody, "--channel", channel, "--json").stdout)
                for channel in ("sms", "email")]
        return [(t["matched"], t["reach"]) for t in told]

    def dump(self):
        db = sqlite3.connect(os.path.join(self.home, "replica.db"))
        try:
            return {name: db.execute(sql).fetchall() for name, sql in DUMPS.items()}
        finally:
            db.close()

    def ask(self, sql, *values):
        db = sqlite3.connect(os.path.join(self.home, "replica.db"))
        try:
            return db.execute(sql, values).fetchall()
        finally:
            db.close()

    def close(self):
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def same(a, b):
    for name in DUMPS:
        if a[name] != b[name]:
            extra = [r for r in a[name] if r not in b[name]][:3], [r for r in b[name] if r not in a[name]][:3]
            raise AssertionError(f"{name}: {len(a[name])} and {len(b[name])} rows; only here {extra[0]}; only there {extra[1]}")


def demo(customers=1500, seed=5):
    """A folder with main.db, and its replica."""
    site = Site("sqlite:main.db")
    os.unlink(site.config)
    site.run("init", "--demo", "--customers", str(customers), "--seed", str(seed))
    return site


SMALL = """
INSERT INTO customers (id, name, phone, email, is_new_client, created_at, updated_at) VALUES
 (1, 'Ana', '310-555-0101', 'ana@example.com', true, '2026-01-01 10:00:00', '2026-11-01 10:00:00'),
 (2, 'Bo', NULL, NULL, NULL, NULL, NULL),
 (3, 'Cy', '+13105550103', 'cy@example.com', false, '2026-02-01 10:00:00.999', '2026-11-02 10:00:00');
INSERT INTO appointments (id, customer_id, appointment_datetime, status, service_type, updated_at) VALUES
 (1, 1, '2026-10-01 10:00:00', 'completed', 'Cut', '2026-10-01 11:00:00'),
 (2, 3, NULL, NULL, NULL, NULL), (3, NULL, '2026-10-01 10:00:00', 'completed', NULL, '2026-10-01 11:00:00'),
 (4, 99, '2026-10-01 10:00:00', 'completed', NULL, '2026-10-01 11:00:00');
INSERT INTO conversations (id, customer_id, channel, status, last_activity_at, satisfaction_score, outcome, metadata, updated_at)
 VALUES ('A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 1, 'voice', 'completed', '2026-10-02 10:00:00', 9, 'info_only',
 '{"visited_booking_page": "2026-10-03T10:00:00+02:00", "no": false, "nil": null}', '2026-10-02 10:00:00'),
 ('b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 3, 'sms', NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO appointment_requests (id, customer_id, conversation_id, status, updated_at) VALUES
 ('c0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 1, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'new', '2026-10-02 10:00:00');
"""


def small(server, name):
    server.sql(f"CREATE DATABASE {name}", "postgres")
    from pg_server import REFERENCE
    server.sql(REFERENCE + SMALL, name)
    return Site(server.url(name))


# ---- the same from both

def reference_schema_gives_the_facts_of_sqlite():
    with demo() as lite, Site("x") as site:
        server.load_reference(os.path.join(lite.dir, "main.db"), "same")
        site.configure(server.url("same"))
        r = site.sync()
        assert r["mode"] == "full" and r["customers"] == 1500, r
        same(lite.dump(), site.dump())
        for template in TEMPLATES:
            here, there = lite.count(template), site.count(template)
            assert here == there and (here > 0 or template == "cancelled_appointments"), (template, here, there)


def nulls_and_fractions_are_read():
    with small(server, "nulls") as site:
        r = site.sync()
        assert r["orphans"] == 2 and r["rows_without_updated_at"] == 3, r
        assert site.ask("SELECT is_new_client, created_at, phone_e164 FROM customer ORDER BY key") == [
            (1, 1767261600, "+13105550101"), (0, None, None), (0, 1769940000, "+13105550103")]
        assert site.ask("SELECT key, has_open_request FROM conversation ORDER BY key")[0] == (
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", 1)
        assert site.ask("SELECT name, at FROM conversation_metadata") == [("visited_booking_page", 1791014400)]
        r = site.sync()
        assert not r["changed"] and r["rows_read"] == 0, r


UPDATED_AT = FACTS.split(", ").index("updated_at")


def once(at):
    """Of the hour that Berlin's clocks show twice, the second one."""
    berlin = zoneinfo.ZoneInfo("Europe/Berlin")
    shown = datetime.datetime.fromtimestamp(at, berlin).replace(tzinfo=None) if at is not None else None
    return at if shown is None else int(shown.replace(tzinfo=berlin, fold=1).timestamp())


def a_foreign_schema_gives_the_same_facts():
    """UUID customers, timestamptz, Berlin times, German words, other names: the salon mapping as it is shipped."""
    with demo(800, 7) as lite, Site("x") as site:
        server.load_reference(os.path.join(lite.dir, "main.db"), "salon")
        server.sql(SALON, "salon")
        site.configure(server.url("salon"), "salon")
        site.run("doctor", ok=(0, 1))
        site.sync()
        to = {k: uid(k) for (k,) in lite.ask("SELECT key FROM customer")}
        # a salon knows no conversation type, status, booked_by, nor requests; its words have our meaning
        want = {r[0]: r[1:] for r in lite.ask(f"SELECT key, {FACTS} FROM customer")}
        have = {r[0]: r[1:] for r in site.ask(f"SELECT key, {FACTS} FROM customer")}
        assert len(have) == 800
        for key, facts in want.items():
            # updated_at is a wall clock's there, and an hour of October comes twice: read as the later one
            facts = (*facts[:UPDATED_AT], once(facts[UPDATED_AT]), *facts[UPDATED_AT + 1:])
            assert have[to[key]] == facts, (key, facts, have[to[key]])
        for template in TEMPLATES[2:]:
            assert lite.count(template) == site.count(template), template
        # and what changes there changes here
        server.sql("UPDATE leistungen SET name = 'Anders' WHERE nr = (SELECT min(leistung) FROM termine)", "salon")
        site.sync()
        assert site.ask("SELECT count(*) FROM appointment WHERE service = 'Anders'")[0][0] > 0
        before = site.dump()
        with Site(server.url("salon"), "salon") as fresh:
            fresh.sync()
            same(fresh.dump(), before)
        server.sql("DELETE FROM gespraeche WHERE kennung IN (SELECT kennung FROM gespraeche ORDER BY 1 LIMIT 40); "
                   "DELETE FROM kunden WHERE kunden_id IN (SELECT kunden_id FROM kunden ORDER BY 1 LIMIT 5)", "salon")
        r = site.sync()
        assert r["mode"] == "incremental" and r["rows_removed"] >= 40, r
        with Site(server.url("salon"), "salon") as fresh:
            fresh.sync()
            same(fresh.dump(), site.dump())


def uid(key):
    return str(uuid.UUID(int=0xABCD0000 << 96 | key * 7919))


SALON = """
CREATE FUNCTION uid(k int) RETURNS uuid LANGUAGE sql IMMUTABLE AS
 $$ SELECT ('abcd0000' || lpad(to_hex(k::bigint * 7919), 24, '0'))::uuid $$;
CREATE TABLE kunden AS SELECT uid(id) AS kunden_id, name AS vorname, NULL::text AS nachname, phone AS mobil, email AS mail,
 is_new_client AS neukunde, notes AS bemerkung, created_at AT TIME ZONE 'UTC' AS angelegt,
 updated_at AT TIME ZONE 'UTC' AT TIME ZONE 'Europe/Berlin' AS geaendert FROM customers;
UPDATE kunden SET vorname = NULL WHERE vorname = '';
ALTER TABLE kunden ADD PRIMARY KEY (kunden_id);
CREATE TABLE leistungen AS SELECT row_number() OVER (ORDER BY s)::int AS nr, s AS name FROM
 (SELECT DISTINCT service_type AS s FROM appointments WHERE service_type IS NOT NULL) x;
CREATE TABLE termine AS SELECT id::bigint AS nr, uid(customer_id) AS kunden_id,
 appointment_datetime AT TIME ZONE 'UTC' AS beginn,
 CASE status WHEN 'scheduled' THEN 'geplant' WHEN 'completed' THEN 'erledigt' WHEN 'cancelled' THEN 'abgesagt'
  WHEN 'no_show' THEN 'nicht_erschienen' WHEN 'rescheduled' THEN 'verschoben' END AS zustand,
 l.nr AS leistung, provider AS mitarbeiter, cancelled_at AT TIME ZONE 'UTC' AS storniert_am,
 updated_at AT TIME ZONE 'UTC' AS geaendert FROM appointments LEFT JOIN leistungen l ON l.name = service_type;
CREATE TABLE gespraeche AS SELECT 'G-' || id AS kennung, uid(customer_id) AS kunden_id,
 last_activity_at AT TIME ZONE 'UTC' AS letzte_aktivitaet,
 CASE channel WHEN 'voice' THEN 'telefon' WHEN 'email' THEN 'mail' ELSE channel END AS kanal, outcome AS ergebnis,
 CASE sentiment WHEN 'positive' THEN 'gut' WHEN 'negative' THEN 'schlecht' ELSE sentiment END AS stimmung,
 satisfaction_score::numeric AS bewertung, metadata::json AS daten FROM conversations;
DROP TABLE customers, appointments, conversations, communication_messages, appointment_requests;
"""


# ---- changes

def deletions_are_found_by_ranges():
    with demo(6000, 9) as lite, Site("x") as site:
        server.load_reference(os.path.join(lite.dir, "main.db"), "gone")
        site.configure(server.url("gone"))
        site.sync()
        server.sql("DELETE FROM customers WHERE id IN (17, 4000, 5999); DELETE FROM appointments WHERE id % 1000 = 3; "
                   "DELETE FROM conversations WHERE id IN (SELECT id FROM conversations ORDER BY id DESC LIMIT 2); "
                   "DELETE FROM appointment_requests WHERE id = (SELECT min(id::text)::uuid FROM appointment_requests)", "gone")
        r = site.sync()
        assert r["mode"] == "incremental" and r["rows_removed"] > 8, r
        assert r["rows_read"] < 100, r
        with Site(server.url("gone")) as fresh:
            fresh.sync()
            same(fresh.dump(), site.dump())


def one_deleted_and_one_added_are_both_seen():
    """The numbers are equal again."""
    with small(server, "swap") as site:
        site.sync()
        server.sql("DELETE FROM customers WHERE id = 2; INSERT INTO customers (id, name, updated_at) VALUES "
                   "(7, 'Old', '2001-01-01')", "swap")
        site.sync()
        assert site.ask("SELECT key FROM customer ORDER BY key") == [(1,), (3,), (7,)]


def a_row_that_changed_twice_has_its_last_values():
    with small(server, "twice") as site:
        site.sync()
        server.sql("UPDATE customers SET name = 'First', updated_at = '2026-11-20 10:00:00' WHERE id = 1", "twice")
        server.sql("UPDATE customers SET name = 'Second', updated_at = '2026-11-20 10:00:00' WHERE id = 1", "twice")
        server.sql("UPDATE appointments SET status = 'cancelled', cancelled_at = '2026-11-20 10:00:00' WHERE id = 1", "twice")
        server.sql("UPDATE appointments SET customer_id = 3 WHERE id = 1", "twice")
        site.sync()
        assert site.ask("SELECT name, appointment_count FROM customer ORDER BY key") == [("Second", 0), ("Bo", 0), ("Cy", 2)]
        assert site.ask("SELECT last_cancellation FROM customer WHERE key = 3") == [(1795168800,)]


def a_late_commit_with_an_early_updated_at_is_not_missed():
    with small(server, "late") as site:
        late = server.popen("late")
        prepared = server.popen("late")
        try:
            late.stdin.write("BEGIN;\nUPDATE customers SET name = 'Late', updated_at = '2026-10-01 00:00:00' WHERE id = 1;\n"
                             "INSERT INTO appointments (id, customer_id, appointment_datetime, status, updated_at) VALUES "
                             "(50, 1, '2026-09-01 10:00:00', 'completed', '2020-01-01 00:00:00');\nSELECT 'ready';\n")
            assert late.stdout.readline().strip() == "ready"
            # a transaction in two phases, and one with a savepoint, stay open too
            prepared.stdin.write("BEGIN;\nSAVEPOINT a;\nUPDATE customers SET notes = 'Prepared', updated_at = '2019-01-01' "
                                 "WHERE id = 3;\nRELEASE a;\nPREPARE TRANSACTION 'p';\nSELECT 'ready';\n")
            assert prepared.stdout.readline().strip() == "ready"
            site.sync()
            assert site.ask("SELECT name FROM customer WHERE key = 1") == [("Ana",)]
            for i in range(3):  # others go on: watermark and transaction numbers move far past the open ones
                server.sql(f"UPDATE customers SET name = 'Bo {i}', updated_at = '2026-11-22 10:00:0{i}' WHERE id = 2", "late")
                site.sync()
            late.stdin.write("COMMIT;\nSELECT 'done';\n")
            assert late.stdout.readline().strip() == "done"
            r = site.sync()
            assert r["mode"] == "incremental", r
            assert site.ask("SELECT name, appointment_count FROM customer WHERE key = 1") == [("Late", 2)]
            assert site.ask("SELECT notes FROM customer WHERE key = 3") == [(None,)]
            server.sql("COMMIT PREPARED 'p'", "late")
            site.sync()
            assert site.ask("SELECT notes FROM customer WHERE key = 3") == [("Prepared",)]
        finally:
            for p in (late, prepared):
                p.stdin.close()
                p.wait(20)
                p.stdout.close()


def changes_at_random_give_what_a_full_sync_gives():
    """Rows changed with any updated_at or none, deleted, added, moved to other customers, customers that come and go."""
    rng = random.Random(11)
    with small(server, "chance") as site:
        site.sync()
        for _ in range(40):
            statements = []
            for _ in range(rng.randrange(1, 8)):
                key, other = rng.randrange(1, 12), rng.randrange(1, 12)
                when = rng.choice(["NULL", "updated_at", "'2026-11-22 10:00:00'", "'1999-01-01 00:00:00'"])
                u = "00000000-0000-4000-8000-%012x" % key
                statements.append(rng.choice([
                    f"INSERT INTO customers (id, name, updated_at) VALUES ({key}, 'N', NULL) ON CONFLICT DO NOTHING",
                    f"DELETE FROM customers WHERE id = {key}",
                    # unique in the main database, one address to us
                    f"UPDATE customers SET phone = '310-555-010{other % 3:<{key + 1}}', "
                    f"email = '{key % 4:>{key + 1}}@example.com' WHERE id = {key}",
                    f"UPDATE customers SET name = 'n{other}', updated_at = {when} WHERE id = {key}",
                    f"INSERT INTO appointments (id, customer_id, appointment_datetime, status) VALUES ({key}, {other}, "
                    f"'2026-0{rng.randrange(1, 9)}-01', 'completed') ON CONFLICT DO NOTHING",
                    f"UPDATE appointments SET customer_id = {other}, updated_at = {when} WHERE id = {key}",
                    f"DELETE FROM appointments WHERE id = {key}",
                    f"INSERT INTO conversations (id, customer_id, last_activity_at, metadata) VALUES ('{u}', {other}, "
                    f"'2026-05-01', '{{\"k{other}\": true}}') ON CONFLICT DO NOTHING",
                    f"UPDATE conversations SET metadata = '{{\"z\": 1}}', updated_at = {when} WHERE id = '{u}'",
                    f"DELETE FROM conversations WHERE id = '{u}'",
                    f"INSERT INTO appointment_requests (id, conversation_id, status) VALUES (gen_random_uuid(), '{u}', 'new')",
                    f"UPDATE appointment_requests SET status = 'booked' WHERE conversation_id = '{u}'",
                    "TRUNCATE appointment_requests",
                ]))
            server.sql("BEGIN;" + ";".join(statements) + ";COMMIT", "chance")
            r = site.sync()
            assert r["mode"] == "incremental", r
            with Site(server.url("chance")) as fresh:
                fresh.sync()
                same(fresh.dump(), site.dump())
                there, here = fresh.reach(), site.reach()
                assert there == here, (there, here)


def watching_follows_and_outlives_a_restart():
    with small(server, "watched") as site:
        with open(site.config, "a", encoding="utf-8") as f:
            f.write("  refresh_seconds: 1\n")
        holder = server.popen("watched")
        watch = subprocess.Popen(site.argv("sync", "--watch"), env=ENV, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True, cwd=ROOT)
        try:
            assert "3 customers" in watch.stdout.readline()
            watch.stdout.readline(), watch.stdout.readline()  # rows of nobody, rows without updated_at
            holder.stdin.write("BEGIN;\nUPDATE customers SET name = 'Late', updated_at = '2020-01-01' WHERE id = 3;\nSELECT 1;\n")
            holder.stdout.readline()
            server.sql("UPDATE customers SET name = 'Seen', updated_at = '2026-11-23 10:00:00' WHERE id = 1", "watched")
            assert "generation 2" in watch.stdout.readline()
            assert site.ask("SELECT name FROM customer WHERE key = 1") == [("Seen",)]
            holder.stdin.write("COMMIT;\nDELETE FROM customers WHERE id = 2;\n")
            holder.stdin.close()
            holder.wait(20)
            end = time.monotonic() + 30
            while site.ask("SELECT key, name FROM customer ORDER BY key") != [(1, "Seen"), (3, "Late")]:
                assert time.monotonic() < end and watch.poll() is None
                time.sleep(0.1)
            server.stop()
            said = ""
            while "cannot be reached" not in said and "was lost" not in said:
                said = watch.stdout.readline()
                assert said, "the watch ended"
            server.start()
            server.sql("UPDATE customers SET name = 'Back', updated_at = '2026-11-23 10:00:01' WHERE id = 1", "watched")
            while site.ask("SELECT name FROM customer WHERE key = 1") != [("Back",)]:
                assert time.monotonic() < end + 30 and watch.poll() is None
                time.sleep(0.1)
        finally:
            watch.terminate()
            assert watch.wait(20) == 0
            watch.stdout.close()
            holder.stdout.close()


def called_off(site, name):
    """A sync that waits for a lock ends soon, and nothing of it stays on the server."""
    holder = server.popen(name)
    watch = None
    try:
        holder.stdin.write("BEGIN;\nLOCK TABLE conversations;\nSELECT 'ready';\n")
        assert holder.stdout.readline().strip() == "ready"
        watch = subprocess.Popen(site.argv("sync", "--watch"), env=ENV, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True, cwd=ROOT)
        end = time.monotonic() + 20
        while server.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'canvass' AND "
                         "wait_event_type = 'Lock'", name) != "1":
            assert time.monotonic() < end
        start = time.monotonic()
        watch.terminate()
        assert watch.wait(20) == 0 and time.monotonic() - start < 5
        while server.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'canvass'", name) != "0":
            assert time.monotonic() < end
    finally:
        if watch:
            watch.stdout.close()
        holder.stdin.close()
        holder.wait(20)
        holder.stdout.close()
    assert "failed" not in site.run("doctor", ok=(0, 1)).stdout


def a_sync_that_waits_can_be_called_off():
    with small(server, "waits") as site:
        called_off(site, "waits")
        site.sync()
        server.sql("UPDATE customers SET name = 'Later'", "waits")
        called_off(site, "waits")
        assert site.ask("SELECT count(*) FROM customer WHERE name = 'Later'") == [(0,)]
        assert site.sync()["mode"] == "incremental"
        assert site.ask("SELECT count(*) FROM customer WHERE name = 'Later'") == [(3,)]


def a_number_that_meets_the_id_of_a_text_reads_everything():
    """A sync finds in the middle that only a full one will do, with rows on their way."""
    with small(server, "met") as site:
        text = open(os.path.join(ROOT, "data/mappings/reference.yaml"), encoding="utf-8").read()
        with open(os.path.join(site.dir, "mine.yaml"), "w", encoding="utf-8") as f:
            f.write(text.replace("    key: int\n    select: |\n      SELECT id, updated_at, name",
                                 "    key: text\n    select: |\n      SELECT CASE id WHEN 2 THEN 'b' ELSE id::text END AS id, "
                                 "updated_at, name"))
        site.configure(server.url("met"), "mine.yaml")
        site.sync()
        taken = site.ask("SELECT id FROM customer WHERE key = 'b'")[0][0]
        server.sql(f"INSERT INTO customers (id, name) VALUES ({taken}, 'Met'); UPDATE appointments SET status = 'no_show'; "
                   "UPDATE conversations SET outcome = 'x'", "met")
        r = site.sync()
        assert r["mode"] == "full", r
        assert site.ask("SELECT name FROM customer WHERE key = ?", taken) == [("Met",)]
        assert site.ask("SELECT DISTINCT status FROM appointment") == [("no_show",)]
        assert site.ask("SELECT DISTINCT outcome FROM conversation") == [("x",)]
        assert site.sync()["mode"] == "incremental"


def what_fails_on_its_way_is_told_where_nobody_takes_it():
    """A full sync turns out to be needed while a row that cannot be read is on its way."""
    with small(server, "broken") as site:
        text = open(os.path.join(ROOT, "data/mappings/reference.yaml"), encoding="utf-8").read()
        text = text.replace("    key: int\n    select: |\n      SELECT id, updated_at, name",
                            "    key: text\n    select: |\n      SELECT CASE id WHEN 2 THEN 'b' ELSE id::text END AS id, "
                            "updated_at, name")
        with open(os.path.join(site.dir, "mine.yaml"), "w", encoding="utf-8") as f:
            f.write(text.replace(" outcome, ", " (CASE outcome WHEN 'x' THEN 1 / (length(outcome) - 1) END || outcome) AS outcome, "))
        site.configure(server.url("broken"), "mine.yaml")
        site.sync()
        taken = site.ask("SELECT id FROM customer WHERE key = 'b'")[0][0]
        server.sql(f"INSERT INTO customers (id, name) VALUES ({taken}, 'Met'); UPDATE conversations SET outcome = 'x'", "broken")
        site.fails("main database, conversations (", "mine.yaml", "division by zero")


def the_engine_follows():
    """`canvass run` keeps the replica fresh while it sends nothing."""
    with World(customers=300) as world:
        server.load_reference(os.path.join(world.dir, "main.db"), "engine")
        settings = ["--set", f"main_database.url={server.url('engine')}", "--set", "main_database.refresh_seconds=1"]
        with subprocess.Popen(world.argv(*settings, "run"), env=ENV, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, cwd=ROOT) as run:
            try:
                site = Site(None, folder=world.dir)
                world.wait_for(lambda: "(mapping reference" in site.ask("SELECT source FROM state")[0][0], "a first sync")
                server.sql("UPDATE customers SET name = 'Followed', updated_at = now() AT TIME ZONE 'UTC' WHERE id = 5", "engine")
                world.wait_for(lambda: site.ask("SELECT name FROM customer WHERE key = 5") == [("Followed",)], "the change")
            finally:
                run.terminate()
                assert run.wait(30) == 0


def a_mapping_without_versions_finds_what_it_says():
    with small(server, "plain") as site:
        text = open(os.path.join(ROOT, "data/mappings/reference.yaml"), encoding="utf-8").read()
        with open(os.path.join(site.dir, "mine.yaml"), "w", encoding="utf-8") as f:
            f.write(text.replace(", xmin AS version", ""))
        site.configure(server.url("plain"), "mine.yaml")
        site.sync()
        server.sql("DELETE FROM customers WHERE id = 2; INSERT INTO customers (id, name, updated_at) VALUES (9, 'Early', "
                   "'1999-01-01'); UPDATE appointments SET status = 'no_show', updated_at = '2026-11-22 10:00:00' WHERE id = 1",
                   "plain")
        r = site.sync()
        assert r["mode"] == "incremental" and r["rows_removed"] == 1, r
        assert site.ask("SELECT key FROM customer ORDER BY key") == [(1,), (3,), (9,)]
        assert site.ask("SELECT status FROM appointment WHERE key = 1") == [("no_show",)]


def replaced_tables_are_read_from_the_beginning():
    with small(server, "replaced") as site:
        server.sql("CREATE TABLE staged (LIKE customers); INSERT INTO staged SELECT * FROM customers; "
                   "UPDATE staged SET name = 'Staged'", "replaced")
        site.sync()
        # rows written before the last sync come to stand where others stood, as many as before
        server.sql("ALTER TABLE customers RENAME TO old; ALTER TABLE staged RENAME TO customers", "replaced")
        r = site.sync()
        assert r["mode"] == "full" and "replaced" in r["why_full"], r
        assert site.ask("SELECT DISTINCT name FROM customer") == [("Staged",)]


# ---- failures

def keeps(site, *words, ok=(1, 2)):
    """The sync fails with these words; the generation before is in use, and its age and the reason are told."""
    before = site.dump()
    site.fails(*words, ok=ok)
    same(before, site.dump())
    said = site.run("doctor", ok=(0, 1)).stdout
    assert " s old" in said or "minutes old" in said, said
    assert "the last sync failed" in said, said
    assert site.count("inactive_customers") >= 0


def a_role_without_rights():
    with small(server, "rights") as site:
        server.sql("CREATE ROLE reader LOGIN; GRANT SELECT ON customers, appointments, conversations, appointment_requests "
                   "TO reader", "rights")
        site.configure(server.url("rights", "reader"))
        site.sync()
        server.sql("UPDATE customers SET name = 'Changed' WHERE id = 1; DELETE FROM appointments WHERE id = 1", "rights")
        r = site.sync()
        assert r["mode"] == "incremental" and r["rows_removed"] == 1, r
        server.sql("REVOKE SELECT ON conversations FROM reader; UPDATE customers SET name = 'Again' WHERE id = 1", "rights")
        keeps(site, "permission denied for table conversations", "grant the role SELECT", ok=(2,))
        assert "bad   main database" in site.run("doctor", ok=(1,)).stdout
        server.sql("GRANT SELECT ON conversations TO reader", "rights")
        site.sync()
        assert site.ask("SELECT name FROM customer WHERE key = 1") == [("Again",)]
        assert "the last sync failed" not in site.run("doctor", ok=(0, 1)).stdout


def a_dropped_column():
    with small(server, "dropped") as site:
        site.sync()
        server.sql("ALTER TABLE customers DROP COLUMN notes; ALTER TABLE appointments ALTER COLUMN appointment_datetime TYPE text",
                   "dropped")
        keeps(site, "customers", "column \"notes\" does not exist")
        said = site.run("doctor", ok=(1,)).stdout
        assert "customers (reference:" in said and "\"notes\" does not exist" in said, said
        assert "appointments (reference:" in said and "appointment_datetime is text where a timestamp is needed" in said, said
        server.sql("ALTER TABLE customers ADD COLUMN notes text DEFAULT 'again'; "
                   "ALTER TABLE appointments ALTER COLUMN appointment_datetime TYPE timestamp USING appointment_datetime::timestamp",
                   "dropped")
        site.sync()
        assert site.ask("SELECT DISTINCT notes FROM customer") == [("again",)]


def a_locked_table():
    with small(server, "locked") as site:
        site.sync()
        server.sql("UPDATE customers SET notes = 'y'", "locked")
        holder = server.popen("locked")
        try:
            holder.stdin.write("BEGIN;\nUPDATE customers SET name = 'x';\nLOCK TABLE appointments;\nSELECT 'ready';\n")
            assert holder.stdout.readline().strip() == "ready"
            keeps(site, "main database: appointments (reference:", "lock", ok=(1,))  # nobody's usage is wrong
        finally:
            holder.stdin.write("COMMIT;\n")
            holder.stdin.close()
            holder.wait(20)
            holder.stdout.close()
        site.sync()
        assert site.ask("SELECT DISTINCT name FROM customer") == [("x",)]


def a_server_that_restarts():
    with small(server, "restart") as site:
        site.sync()
        server.sql("UPDATE customers SET name = 'Before' WHERE id = 1", "restart")
        server.stop()
        try:
            keeps(site, "cannot be reached")
        finally:
            server.start()
        r = site.sync()
        assert r["mode"] == "incremental", r
        assert site.ask("SELECT name FROM customer WHERE key = 1") == [("Before",)]


class Proxy:
    """Between canvass and the server: cuts a connection after so many bytes from the server, or falls silent."""

    def __init__(self, server, after):
        self.dir = tempfile.mkdtemp(prefix="canvass-proxy-")
        self.to = os.path.join(server.sock, ".s.PGSQL.5432")
        self.after = after  # of the next connection
        self.hangs = False
        self.hung = threading.Event()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(os.path.join(self.dir, ".s.PGSQL.5432"))
        self.listener.listen(4)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                near = self.listener.accept()[0]
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(self.to)
            with contextlib.suppress(ConnectionError):  # whoever ends leaves unread bytes behind
                self.carry(near, far)
            near.close()
            far.close()

    def carry(self, near, far):
        left = self.after
        while left > 0:
            for s in select.select([near, far], [], [])[0]:
                data = s.recv(min(65536, left) if s is far else 65536)
                if not data:
                    return
                if s is far:
                    left -= len(data)
                (near if s is far else far).sendall(data)
        if self.hangs:
            self.hung.set()
            while near.recv(65536):
                pass

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(10)
        shutil.rmtree(self.dir, ignore_errors=True)


def a_connection_cut_in_the_middle():
    with demo(1500, 5) as lite, Site("x") as site:
        server.load_reference(os.path.join(lite.dir, "main.db"), "cut")
        site.configure(server.url("cut"))
        site.sync()
        server.sql("UPDATE customers SET name = 'New'; UPDATE conversations SET outcome = 'x'", "cut")
        for after in (100, 3000, 6000, 20000, 60000, 150000, 300000):
            proxy = Proxy(server, after)
            try:
                site.configure(f"postgresql://admin@/cut?host={proxy.dir}")
                before = site.dump()
                site.fails("main database", command=("sync", "--full") if after % 200 else ("sync",)) \
                    if after > 3000 else site.fails("postgresql://admin@/cut")
                same(before, site.dump())
            finally:
                proxy.close()
        site.configure(server.url("cut"))
        assert "the last sync failed" in site.run("doctor", ok=(0, 1)).stdout
        site.sync()
        assert site.ask("SELECT DISTINCT name FROM customer") == [("New",)]


def an_incremental_sync_is_cut_or_called_off_anywhere():
    """While rows and numbers of all tables are on their way: nothing is half done, and the next sync has it all."""
    with demo(1500, 5) as lite, Site("x") as site:
        server.load_reference(os.path.join(lite.dir, "main.db"), "ahead")
        proxy = Proxy(server, 1 << 40)
        try:
            site.configure(f"postgresql://admin@/ahead?host={proxy.dir}")
            site.sync()
            server.sql("UPDATE customers SET name = 'New' WHERE id % 3 = 0; DELETE FROM customers WHERE id % 100 = 7; "
                       "UPDATE appointments SET service_type = 'New'; UPDATE conversations SET outcome = 'x'; "
                       "UPDATE appointment_requests SET status = 'booked'", "ahead")
            before = site.dump()
            for proxy.after in (8000, 16000, 40000, 100000, 250000, 400000, 600000):
                site.fails("lost")
                same(before, site.dump())
            proxy.hangs = True
            for proxy.after in (12000, 200000):
                proxy.hung.clear()
                watch = subprocess.Popen(site.argv("sync", "--watch"), env=ENV, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                         stderr=subprocess.STDOUT, text=True, cwd=ROOT)
                assert proxy.hung.wait(30)
                watch.terminate()
                said = watch.communicate(timeout=20)[0]
                assert watch.returncode == 0, said
                same(before, site.dump())
            proxy.hangs, proxy.after = False, 1 << 40
            assert site.sync()["mode"] == "incremental"
        finally:
            proxy.close()
        with Site(server.url("ahead")) as fresh:
            fresh.sync()
            same(fresh.dump(), site.dump())
            assert fresh.reach() == site.reach()


def a_backend_that_is_terminated():
    with demo(1500, 5) as lite, Site("x") as site:
        server.load_reference(os.path.join(lite.dir, "main.db"), "killed")
        # the second table waits for a lock: the sync is surely under way when its backend ends
        holder = server.popen("killed")
        site.configure(server.url("killed"))
        try:
            holder.stdin.write("BEGIN;\nLOCK TABLE appointment_requests;\nSELECT 'ready';\n")
            assert holder.stdout.readline().strip() == "ready"
            sync = subprocess.Popen(site.argv("sync"), env=ENV, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT, text=True, cwd=ROOT)
            ended = ""
            while ended != "1" and sync.poll() is None:
                ended = server.sql("SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                                   "application_name = 'canvass' AND wait_event_type = 'Lock') x", "killed")
            said = sync.communicate(timeout=60)[0]
            assert sync.returncode == 1 and "terminat" in said, said
        finally:
            holder.stdin.close()
            holder.wait(20)
            holder.stdout.close()
        site.sync()


def a_bad_mapping_is_told_with_its_place():
    with small(server, "bad") as site:
        with open(os.path.join(site.dir, "mine.yaml"), "w", encoding="utf-8") as f:
            f.write("time_zone: UTC\ntables:\n  customers:\n    key: uuid\n    selct: x\n    select: |\n      SELECT id, phone AS fone,"
                    " is_new_client::text AS is_new_client FROM customers\n")
        site.configure(server.url("bad"), "mine.yaml")
        site.fails("mine.yaml:5:5", "unknown key selct; did you mean select?")
        said = site.run("doctor", ok=(1,)).stdout
        assert "mine.yaml:5:5" in said, said
        text = open(os.path.join(site.dir, "mine.yaml"), encoding="utf-8").read().replace("    selct: x\n", "")
        with open(os.path.join(site.dir, "mine.yaml"), "w", encoding="utf-8") as f:
            f.write(text)
        said = site.run("doctor", ok=(1,)).stdout
        for word in ("column id is integer, but the mapping says that this key is a uuid", "did you mean phone?",
                     "column is_new_client is text where a boolean is needed"):
            assert word in said, (word, said)
        site.configure("postgresql://a:secret@/bad")
        said = site.fails("a password does not stand in the file")
        assert "secret" not in said


def time_zones_of_customers_come_with_a_mapping():
    with small(server, "zones") as site:
        server.sql("ALTER TABLE customers ADD COLUMN region text; UPDATE customers SET region = "
                   "CASE id WHEN 1 THEN 'east' WHEN 2 THEN 'Europe/Berlin' ELSE 'moon' END", "zones")
        with open(os.path.join(site.dir, "mine.yaml"), "w", encoding="utf-8") as f:
            f.write("tables:\n  customers:\n    key: int\n    select: |\n      SELECT id, phone, region AS time_zone, xmin AS version\n"
                    "      FROM customers\n    words:\n      time_zone: {east: America/New_York}\n")
        site.configure(server.url("zones"), "mine.yaml")
        assert "time_zone" not in site.run("doctor", ok=(0, 1)).stdout
        r = site.sync()
        assert r["unknown_time_zones"] == 1, r
        assert site.ask("SELECT key, time_zone FROM customer ORDER BY key") == [
            (1, "America/New_York"), (2, "Europe/Berlin"), (3, None)]
        server.sql("UPDATE customers SET region = 'east' WHERE id = 3", "zones")
        r = site.sync()
        assert r["mode"] == "incremental" and r["rows_written"] == 1 and r["unknown_time_zones"] == 0, r
        assert site.ask("SELECT time_zone FROM customer WHERE key = 3") == [("America/New_York",)]


def an_id_that_comes_twice_is_refused():
    with small(server, "double") as site:
        with open(os.path.join(site.dir, "mine.yaml"), "w", encoding="utf-8") as f:
            f.write("tables:\n  customers:\n    key: int\n    select: |\n      SELECT c.id, c.name, c.xmin AS version\n"
                    "      FROM customers c JOIN appointments a ON a.id < 3\n")
        site.configure(server.url("double"), "mine.yaml")
        site.fails("customers", "more than once")


if __name__ == "__main__":
    with Server() as server:
        main([reference_schema_gives_the_facts_of_sqlite, nulls_and_fractions_are_read, a_foreign_schema_gives_the_same_facts,
              deletions_are_found_by_ranges, one_deleted_and_one_added_are_both_seen,
              a_row_that_changed_twice_has_its_last_values, a_late_commit_with_an_early_updated_at_is_not_missed,
              changes_at_random_give_what_a_full_sync_gives, watching_follows_and_outlives_a_restart,
              a_sync_that_waits_can_be_called_off, a_number_that_meets_the_id_of_a_text_reads_everything,
              what_fails_on_its_way_is_told_where_nobody_takes_it, the_engine_follows, a_mapping_without_versions_finds_what_it_says,
              replaced_tables_are_read_from_the_beginning, a_role_without_rights, a_dropped_column, a_locked_table,
              a_server_that_restarts, a_connection_cut_in_the_middle, time_zones_of_customers_come_with_a_mapping,
              an_incremental_sync_is_cut_or_called_off_anywhere, a_backend_that_is_terminated,
              a_bad_mapping_is_told_with_its_place, an_id_that_comes_twice_is_refused])
