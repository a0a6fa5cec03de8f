#!/usr/bin/env python3
"""Campaign conversations written back to the main database: whole, once, and after every interruption."""
import json
import os
import sqlite3
import subprocess
import time

from pg_server import Server
from world import ENV, ROOT, World, main

FAST = ["sms.per_second=100000", "policy.retry_base_ms=50", "main_database.refresh_seconds=1"]
SOME = {"criteria": {"all": [{"customer": {"has_phone": True}}, {"appointment_count": 0}]}}
FIELDS = ("id, customer_id, channel, status, conversation_type, campaign_id, outcome, sentiment, satisfaction_score, "
          "initiated_at, last_activity_at, completed_at, subject, metadata")


class Engine:
    def __init__(self, world):
        self.process = subprocess.Popen(world.argv("run"), env=ENV, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, cwd=ROOT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def ledger(world, sql):
    db = sqlite3.connect(os.path.join(world.home, "canvass.db"))
    try:
        return db.execute(sql).fetchall()
    finally:
        db.close()


def waiting(world):
    return ledger(world, "SELECT count(*) FROM write_back")[0][0]


def naive(seconds):
    return None if seconds is None else time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))


def expected(world):
    """What the ledger says, as the main database should have it."""
    out = {}
    for r in ledger(world, "SELECT v.uuid, v.customer_id, v.channel, v.status, c.type, c.uuid, v.outcome, v.sentiment, v.score, "
                           "v.created_at, v.last_message_at, v.completed_at, c.name, (SELECT min(s.at) FROM suppression s "
                           "WHERE s.address = v.address AND s.channel IN (v.channel, 'all')) "
                           "FROM conversation v JOIN campaign c ON c.id = v.campaign_id"):
        meta = {"source": "canvass", "campaign": r[12]}
        if r[13] is not None:
            meta["opted_out_at"] = naive(r[13]).replace(" ", "T") + "Z"
        out[r[0]] = (*r[1:9], naive(r[9]), naive(r[10]), naive(r[11]), r[12], meta)
    return out


def expected_messages(world):
    return sorted((r[0], r[1], r[2], naive(r[3])) for r in ledger(
        world, "SELECT v.uuid, m.direction, m.text, m.at FROM message m JOIN conversation v ON v.id = m.conversation_id "
               "WHERE v.campaign_id IS NOT NULL AND (m.state IS NULL OR m.state IN ('accepted','sent','delivered','undelivered'))"))


def from_rows(rows):
    return {r[0]: (*r[1:13], json.loads(r[13]) if isinstance(r[13], str) else r[13]) for r in rows}


class Lite:
    def __init__(self, world):
        self.path = os.path.join(world.dir, "main.db")

    def ask(self, sql):
        db = sqlite3.connect(self.path)
        try:
            return db.execute(sql).fetchall()
        finally:
            db.close()

    def conversations(self):
        return from_rows(self.ask(f"SELECT {FIELDS} FROM conversations WHERE json_valid(metadata) AND "
                                  "json_extract(metadata, '$.source') = 'canvass'"))

    def messages(self):
        return sorted(self.ask("SELECT conversation_id, direction, content, sent_at FROM communication_messages "
                               "WHERE json_valid(metadata) AND json_extract(metadata, '$.source') = 'canvass'"))


class Postgres:
    def __init__(self, server, name):
        self.server, self.name = server, name

    def ask(self, sql):
        text = self.server.sql(f"SELECT coalesce(json_agg(to_json(x)), '[]') FROM ({sql}) x", self.name)
        return [tuple(r.values()) for r in json.loads(text)]

    def conversations(self):
        fields = FIELDS.replace("initiated_at, last_activity_at, completed_at", ", ".join(
            f"to_char({c}, 'YYYY-MM-DD HH24:MI:SS') AS {c}" for c in ("initiated_at", "last_activity_at", "completed_at")))
        return from_rows(self.ask(f"SELECT {fields} FROM conversations WHERE metadata->>'source' = 'canvass'"))

    def messages(self):
        return sorted(self.ask("SELECT conversation_id, direction, content, to_char(sent_at, 'YYYY-MM-DD HH24:MI:SS') AS at "
                               "FROM communication_messages WHERE metadata->>'source' = 'canvass'"))


def agree(world, there):
    want, have = expected(world), there.conversations()
    assert want and set(want) == set(have), (len(want), len(have))
    for key in want:
        assert want[key] == have[key], (want[key], have[key])
    assert expected_messages(world) == there.messages()


def conversation_takes_place(world, there, interrupt=None):
    world.run("sync")
    campaign = world.create(segment=SOME)
    world.launch(campaign)
    with Engine(world) as engine:
        world.wait_for(lambda: world.json("campaign", "stats", str(campaign))["responded"] > 20, "replies", 90)
        if interrupt:
            interrupt(engine)
    with Engine(world):
        world.wait_for(lambda: ledger(world, "SELECT count(*) FROM suppression WHERE reason = 'opt_out' AND at > 1700000000")[0][0]
                       > 0 and there.messages(), "opt-outs", 60)
        one = world.json("inbox", "list")["conversations"][0]["id"]
        world.run("inbox", "set", str(one), "--outcome", "appointment_booked", "--sentiment", "positive", "--score", "9")
    settle(world)
    agree(world, there)
    assert any("opted_out_at" in c[-1] for c in there.conversations().values())
    assert any(c[6] == "positive" and c[7] == 9 for c in there.conversations().values())


def settle(world):
    """Until an engine has ended with nothing left: a reply may come between the last look and its end."""
    for _ in range(6):
        with Engine(world):
            quiet(world)
        if waiting(world) == 0:
            return
    raise AssertionError("something always waits")


def quiet(world):
    """Nothing waits, and nothing new came meanwhile."""
    seen = [None]

    def settled():
        now = ledger(world, "SELECT count(*), max(id) FROM message"), waiting(world)
        same = now == seen[0] and now[1] == 0
        seen[0] = now
        time.sleep(1)
        return same
    world.wait_for(settled, "everything written", 90)


def into_sqlite_also_after_a_kill():
    with World(customers=900, settings=FAST + ["main_database.write_back=true"], sim_flags=["--speed", "2000", "--seed", "5"]) as w:
        def kill(engine):
            engine.process.kill()
            engine.process.wait()
        before = Lite(w).ask("SELECT count(*) FROM conversations")[0][0]
        conversation_takes_place(w, Lite(w), kill)
        assert Lite(w).ask("SELECT count(*) FROM conversations")[0][0] == before + len(expected(w))
        # marked all over again: nothing comes twice
        db = sqlite3.connect(os.path.join(w.home, "canvass.db"))
        db.execute("INSERT INTO write_back (kind, id) SELECT 'conversation', id FROM conversation WHERE campaign_id IS NOT NULL")
        db.execute("INSERT INTO write_back (kind, id) SELECT 'message', id FROM message")
        db.commit()
        db.close()
        settle(w)
        agree(w, Lite(w))


def into_postgres_also_while_it_is_away():
    with World(customers=900, settings=FAST + ["main_database.write_back=true"], sim_flags=["--speed", "2000", "--seed", "5"]) as w:
        server.load_reference(os.path.join(w.dir, "main.db"), "back")
        server.sql("CREATE ROLE writer LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO writer; "
                   "GRANT INSERT, UPDATE ON conversations, communication_messages TO writer", "back")
        w.settings.append(f"main_database.url={server.url('back', 'writer')}")

        def restart(_engine):
            server.stop()
            time.sleep(1.5)
            server.start()
        conversation_takes_place(w, Postgres(server, "back"), restart)
        server.sql("ALTER TABLE communication_messages RENAME COLUMN content TO body", "back")
        assert "write_back.message (reference)" in w.run("doctor", ok=(1,)).stdout
        assert "write-back" in w.run("doctor", ok=(0, 1)).stdout


def a_row_that_is_refused_holds_nothing_back():
    with World(customers=600, settings=FAST + ["main_database.write_back=true"], sim_flags=["--speed", "2000", "--seed", "5"]) as w:
        server.load_reference(os.path.join(w.dir, "main.db"), "strict")
        server.sql("ALTER TABLE conversations ADD CONSTRAINT no_nines CHECK (satisfaction_score <> 9 OR metadata->>'source' IS NULL) "
                   "NOT VALID", "strict")
        w.settings.append(f"main_database.url={server.url('strict')}")
        w.run("sync")
        campaign = w.create(segment=SOME)
        w.launch(campaign)
        with Engine(w):
            w.wait_for(lambda: w.json("campaign", "stats", str(campaign))["responded"] > 5, "replies", 90)
            one = w.json("inbox", "list")["conversations"][0]["id"]
            w.run("inbox", "set", str(one), "--score", "9")
            w.wait_for(lambda: ledger(w, "SELECT count(*) FROM write_back WHERE tries > 0")[0][0] == 1, "a refusal")
            said = w.run("doctor", ok=(1,)).stdout
            assert "refused 1 rows" in said and "no_nines" in said, said
            w.wait_for(lambda: waiting(w) == 1, "the others")
            server.sql("ALTER TABLE conversations DROP CONSTRAINT no_nines", "strict")
        settle(w)
        agree(w, Postgres(server, "strict"))


def off_by_default():
    with World(customers=600, settings=FAST, sim_flags=["--speed", "2000", "--seed", "5"]) as w:
        w.run("sync")
        campaign = w.create(segment=SOME)
        w.launch(campaign)
        with Engine(w):
            w.wait_for(lambda: w.json("campaign", "stats", str(campaign))["responded"] > 5, "replies", 90)
        assert waiting(w) == 0 and not Lite(w).conversations()
        # turned on later: what there is is written
        w.settings.append("main_database.write_back=true")
        settle(w)
        agree(w, Lite(w))


if __name__ == "__main__":
    with Server() as server:
        main([into_sqlite_also_after_a_kill, into_postgres_also_while_it_is_away, a_row_that_is_refused_holds_nothing_back,
              off_by_default])
