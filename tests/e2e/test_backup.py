"""Copies of the ledger: nobody is messaged twice by one that was put back, and a copy of the folder does not send."""
import collections
import os
import shutil
import signal
import sqlite3
import stat
import sys
from contextlib import closing

sys.path.insert(0, os.path.dirname(__file__))
import world  # noqa: E402
from world import World  # noqa: E402

SETTINGS = ["main_database.refresh_seconds=3600", "policy.frequency_cap.messages=0", "policy.reconcile_after_seconds=2",
            "sms.timeout_seconds=3"]
SLOW = SETTINGS + ["sms.per_second=60"]
SOME = {"criteria": {"all": [{"customer": {"has_phone": True}}, {"appointment_count": {"<=": 1}}]}}
QUIET = {"agent": {"template": "booking_abandonment_research", "mode": "none"}, "segment": SOME}


def states(w, campaign):
    return w.json("campaign", "stats", str(campaign))["states"]


def finished(w, campaign):
    s = states(w, campaign)
    return s["queued"] + s["sending"] + s["retry_wait"] + s["in_doubt"] == 0


def run_until_finished(w, campaign):
    def step():
        w.run("run", "--until-idle")
        return finished(w, campaign)
    w.wait_for(step, "the end of the campaign", 120)


def counts(w):
    return collections.Counter(r["to"] for r in w.ledger("accepted"))


def stop(engine):
    engine.terminate()
    assert engine.wait(30) == 0


def sent_halfway(w, backup):
    """A campaign of which the backup knows a part and the ledger all."""
    campaign = w.create(**QUIET)
    targeted = w.launch(campaign)
    assert targeted > 150, targeted
    engine = w.popen("run")
    try:
        w.wait_for(lambda: len(w.ledger("accepted")) > 40, "the first messages")
        w.run("backup", backup)
        w.wait_for(lambda: finished(w, campaign), "the rest")
    finally:
        stop(engine)
    assert len(w.ledger("accepted")) == targeted
    return campaign, targeted


def listed_since(w, named):
    """The status lists every message that the ledger does not know, as the provider does."""
    accepted = {line["sid"]: line["to"] for line in w.ledger("accepted")}
    since = w.json("restore", "--status")["sent_since"]
    assert since["list_unread"] is None, since["list_unread"]
    assert {m["provider_id"]: m["to"] for m in since["list"]} == {s: to for s, to in accepted.items() if s not in named}
    assert since["messages"] == len(since["list"]) > 0
    told = w.run("restore", "--status").stdout
    assert f"{since['messages']} messages to {since['people']} people were sent since" in told, told
    assert since["list"][0]["provider_id"] in told and f"and {since['messages'] - 20} more" in told, told
    nobody = ("--set", "sms.base_url=http://127.0.0.1:1")
    assert w.json(*nobody, "restore", "--status")["sent_since"]["list_unread"]
    assert "the provider's list could not be read" in w.run(*nobody, "restore", "--status").stdout.lower()


def a_backup_while_sending_is_put_back_and_nobody_is_messaged_twice():
    with World(customers=1200, settings=SLOW, sim_flags=["--no-replies", "--speed", "100"]) as w:
        backup = os.path.join(w.dir, "ledger.backup")
        campaign, targeted = sent_halfway(w, backup)
        assert stat.S_IMODE(os.stat(backup).st_mode) == 0o600
        before = open(backup, "rb").read()
        assert "nothing was overwritten" in w.run("backup", backup, ok=(1, 3)).stderr
        assert open(backup, "rb").read() == before
        assert [n for n in os.listdir(w.dir) if n.startswith("ledger.backup")] == ["ledger.backup"]
        with sqlite3.connect(f"file:{backup}?mode=ro", uri=True) as db:
            assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            known = db.execute("SELECT count(*) FROM delivery WHERE state IN ('accepted','sent','delivered')").fetchone()[0]
            named = {n for n, in db.execute("SELECT provider_id FROM attempt WHERE provider_id IS NOT NULL")}
        assert 0 < known < targeted, known

        assert "--replace" in w.run("restore", backup, ok=(1, 3)).stderr
        assert finished(w, campaign), "a refused restore changed something"
        kept = w.json("restore", backup, "--replace")["kept"]
        with sqlite3.connect(f"file:{kept}?mode=ro", uri=True) as db:
            assert db.execute("SELECT contacted FROM campaign").fetchone()[0] == targeted
        assert not finished(w, campaign)
        listed_since(w, named)  # before any engine has read a callback

        w.run("run", "--until-idle")
        assert len(w.ledger("accepted")) == targeted, "it sent before it was confirmed"
        shown = w.json("restore", "--status")
        assert not shown["sends"] and shown["sent_since"]["messages"] > 0, shown
        assert "nothing is sent" in w.run("campaign", "show", str(campaign)).stdout
        w.run("campaign", "resume", str(campaign), ok=(0, 1, 3))
        w.run("start-all")
        w.run("run", "--until-idle")
        assert len(w.ledger("accepted")) == targeted, "start-all let it send"

        w.run("restore", "--confirm")
        assert "may send" in w.run("restore", "--confirm", ok=(4,)).stderr
        run_until_finished(w, campaign)
        assert max(counts(w).values()) == 1, "somebody was messaged twice"
        assert len(w.ledger("accepted")) == targeted
        after = states(w, campaign)
        assert after["failed"] == 0 and sum(after.values()) == targeted, after
        assert w.json("restore", "--status")["sends"]


def what_was_never_sent_is_sent_after_a_restore():
    with World(customers=1200, settings=SLOW, sim_flags=["--no-replies", "--speed", "100"]) as w:
        backup = os.path.join(w.dir, "b")
        campaign = w.create(**QUIET)
        targeted = w.launch(campaign)
        engine = w.popen("run")
        try:
            w.wait_for(lambda: len(w.ledger("accepted")) > 20, "the first messages")
            w.run("backup", backup)
            w.wait_for(lambda: len(w.ledger("accepted")) > 60, "some more")
            # the machine dies
        finally:
            engine.kill()
            engine.wait()
        shutil.rmtree(w.home)
        w.run("sync")
        done = w.json("restore", backup)
        assert done["kept"] is None and not done["sends"]
        w.run("restore", "--confirm")
        run_until_finished(w, campaign)
        seen = counts(w)
        assert max(seen.values()) == 1, "somebody was messaged twice"
        assert len(seen) == targeted, (len(seen), targeted)


def a_list_that_shows_nothing_is_not_believed_against_a_callback():
    with World(customers=1200, settings=SLOW, sim_flags=["--no-replies", "--speed", "100", "--list-lag-ms", "100000000"]) as w:
        backup = os.path.join(w.dir, "b")
        campaign, targeted = sent_halfway(w, backup)

        def told():
            w.run("run", "--until-idle")
            return states(w, campaign)["accepted"] == 0
        w.wait_for(told, "callbacks", 60)
        w.run("restore", backup, "--replace")
        w.run("restore", "--confirm")

        def checked():
            w.run("run", "--until-idle")
            doubt = w.json("in-doubt", "list")["in_doubt"]
            return doubt and all("a person must decide" in d["evidence"][-1] for d in doubt)
        w.wait_for(checked, "all to wait for a person", 90)
        assert states(w, campaign)["queued"] + states(w, campaign)["sending"] == 0
        assert max(counts(w).values()) == 1, "somebody was messaged twice"
        doubt = w.json("in-doubt", "list")["in_doubt"]
        assert doubt and any("callback told" in e for e in doubt[0]["evidence"]), doubt[:1]


def a_copied_folder_and_an_older_file_do_not_send():
    with World(customers=300, settings=SETTINGS + ["sms.per_second=500"], sim_flags=["--no-replies"]) as w:
        first = w.create(**QUIET)
        w.launch(first)
        run_until_finished(w, first)
        sent = len(w.ledger("accepted"))
        home = w.home
        older = os.path.join(w.dir, "older.db")
        shutil.copy(os.path.join(home, "canvass.db"), older)

        # a rename and a new process are nothing to worry about
        w.home = home + "-renamed"
        os.rename(home, w.home)
        second = w.create(**{**QUIET, "name": "Second"})
        w.launch(second)
        run_until_finished(w, second)
        assert len(w.ledger("accepted")) > sent
        sent = len(w.ledger("accepted"))
        w.run("restore", "--confirm", ok=(4,))

        # cp -a of the folder
        original, w.home = w.home, home + "-copy"
        shutil.copytree(original, w.home)
        third = w.create(**{**QUIET, "name": "Third"})
        w.launch(third)
        w.run("run", "--until-idle")
        assert len(w.ledger("accepted")) == sent, "a copied folder sent"
        assert "copy" in w.json("restore", "--status")["why"]

        # an older file in the place of the newer one: the same inode
        w.home = original
        with open(older, "rb") as src, open(os.path.join(w.home, "canvass.db"), "r+b") as dst:
            dst.truncate(0)
            dst.write(src.read())
        fourth = w.create(**{**QUIET, "name": "Fourth"})
        w.launch(fourth)
        w.run("run", "--until-idle")
        assert len(w.ledger("accepted")) == sent, "an older ledger sent"
        assert "older" in w.json("restore", "--status")["why"]


def overwrite(path, data):
    """In the same file, as a snapshot of the disk would bring it back."""
    with open(path, "r+b") as f:
        f.truncate(0)
        f.write(data)


def an_older_file_is_known_by_what_left_a_moment_ago():
    """The engine was killed before state.id told of the last seconds, and there is no relay to ask."""
    with World(customers=300, settings=SLOW + ["relay.url="], sim_flags=["--no-replies", "--latency-ms", "300"]) as w:
        campaign = w.create(**QUIET)
        w.launch(campaign)
        engine = w.popen("run")
        older = os.path.join(w.dir, "older.db")
        try:
            w.wait_for(lambda: len(w.ledger("accepted")) > 40, "the first messages")
            with closing(sqlite3.connect(os.path.join(w.home, "canvass.db"))) as src, \
                    closing(sqlite3.connect(older)) as copy:
                src.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")
                under_way = copy.execute("SELECT count(*) FROM delivery WHERE state = 'sending'").fetchone()[0]
            assert under_way > 0
            seen = len(w.ledger("accepted"))
            w.wait_for(lambda: len(w.ledger("accepted")) > seen + 60, "more messages")
        finally:
            engine.kill()
            engine.wait(30)
        for name in ("canvass.db-wal", "canvass.db-shm"):
            os.unlink(os.path.join(w.home, name))
        overwrite(os.path.join(w.home, "canvass.db"), open(older, "rb").read())
        sent = len(w.ledger("accepted"))
        w.run("run", "--until-idle")
        assert len(w.ledger("accepted")) == sent, "an older ledger sent"
        assert "older" in w.json("restore", "--status")["why"]
        # what was under way when the file was copied has left: it is in doubt, not taken back
        assert states(w, campaign)["sending"] == 0
        with closing(sqlite3.connect(os.path.join(w.home, "canvass.db"))) as db:
            assert db.execute("SELECT count(*) FROM attempt WHERE outcome = 'not_sent'").fetchone()[0] == 0
        w.run("restore", "--confirm", "--without-relay")
        run_until_finished(w, campaign)
        assert max(counts(w).values()) == 1, "somebody was messaged twice"


def the_relay_tells_a_snapshot_and_an_original_that_another_one_sends():
    with World(customers=300, settings=SETTINGS + ["sms.per_second=500"], sim_flags=["--no-replies"]) as w:
        w.run("run", "--until-idle")
        names = ("canvass.db", "state.id", "wire.log")  # the whole disk
        snapshot = {n: open(os.path.join(w.home, n), "rb").read() for n in names}
        first = w.create(**QUIET)
        w.launch(first)
        engine = w.popen("run")
        try:
            w.wait_for(lambda: finished(w, first), "the campaign")
            # the relay has heard of it: what it knows is compared below, so it must be there
            w.wait_for(lambda: relay_attempt(w) > 0, "the relay to be told")
        finally:
            stop(engine)
        sent = len(w.ledger("accepted"))
        newest = {n: open(os.path.join(w.home, n), "rb").read() for n in names}

        for n in names:
            overwrite(os.path.join(w.home, n), snapshot[n])
        second = w.create(**{**QUIET, "name": "Again"})
        w.launch(second)
        w.run("run", "--until-idle")
        assert len(w.ledger("accepted")) == sent, "a snapshot sent"
        assert "relay" in w.json("restore", "--status")["why"]

        # it is confirmed: what was sent is found, nobody is messaged twice by the same campaign
        w.run("restore", "--confirm")
        run_until_finished(w, second)
        sent = len(w.ledger("accepted"))
        assert relay_fence(w) >= 1000, "the relay was not told"

        # now the one that was the original is the older one
        for n in names:
            overwrite(os.path.join(w.home, n), newest[n])
        third = w.create(**{**QUIET, "name": "Third"})
        w.launch(third)
        w.run("run", "--until-idle")
        assert len(w.ledger("accepted")) == sent, "two copies send"
        assert not w.json("restore", "--status")["sends"]


def a_copy_that_is_confirmed_stops_the_original_that_sends():
    settings = SETTINGS[:2] + ["policy.reconcile_after_seconds=30", "sms.timeout_seconds=3", "sms.per_second=4"]
    with World(customers=200, settings=settings, sim_flags=["--no-replies"]) as w:
        campaign = w.create(**QUIET)
        targeted = w.launch(campaign)
        original = w.home
        engine = w.popen("run")
        try:
            w.wait_for(lambda: len(w.ledger("accepted")) > 10, "the first messages")
            copy = original + "-copy"
            engine.send_signal(signal.SIGSTOP)
            shutil.copytree(original, copy)
            engine.send_signal(signal.SIGCONT)
            w.home = copy
            other = w.popen("run")
            try:
                w.wait_for(lambda: not w.json("restore", "--status")["sends"], "the copy to see that it is one")
                w.run("restore", "--confirm")
                w.home = original
                w.wait_for(lambda: not w.json("restore", "--status")["sends"], "the original to stop", 40)
                w.home = copy
                assert w.json("restore", "--status")["sends"], "the copy was confirmed, and does not send"
                w.wait_for(lambda: finished(w, campaign), "the rest, by the copy", 180)
            finally:
                stop(other)
        finally:
            stop(engine)
        assert set(counts(w).values()) == {1}, "somebody was messaged twice"
        assert len(counts(w)) == targeted


def relay_row(w):
    with sqlite3.connect(f"file:{os.path.join(w.dir, 'relay.db')}?mode=ro", uri=True) as db:
        return db.execute("SELECT coalesce(max(fence), 0), coalesce(max(attempt), 0) FROM state").fetchone()


def relay_fence(w):
    return relay_row(w)[0]


def relay_attempt(w):
    return relay_row(w)[1]


def what_is_no_backup_is_refused_and_nothing_changes():
    with World(customers=300, settings=SETTINGS, start=False) as w:
        campaign = w.create(**QUIET)
        backup = os.path.join(w.dir, "b")
        w.run("backup", backup)
        good = open(backup, "rb").read()
        cases = {"garbage": b"no database at all" * 100, "empty": b"", "cut": good[:len(good) // 2]}
        for name, data in cases.items():
            path = os.path.join(w.dir, name)
            with open(path, "wb") as f:
                f.write(data)
            w.run("restore", path, "--replace", ok=(1, 2))
        other = os.path.join(w.dir, "other.db")
        with sqlite3.connect(other) as db:
            db.execute("CREATE TABLE campaign (id)")
        assert "no ledger" in w.run("restore", other, "--replace", ok=(1, 2)).stderr
        newer = os.path.join(w.dir, "newer")
        shutil.copy(backup, newer)
        with sqlite3.connect(newer) as db:
            db.execute("PRAGMA user_version = 999")
        assert "newer canvass" in w.run("restore", newer, "--replace", ok=(3, 1)).stderr
        w.run("restore", os.path.join(w.dir, "nowhere"), ok=(1, 4))
        w.run("restore", ok=(2,))
        w.run("backup", ok=(2,))
        w.run("backup", os.path.join(w.dir, "no", "folder", "b"), ok=(1, 3))
        assert w.json("campaign", "show", str(campaign))["id"] == campaign
        assert sorted(n for n in os.listdir(w.home) if "restore" in n) == []
        # a ledger that cannot be opened is kept as it is, and the backup takes its place
        with open(os.path.join(w.home, "canvass.db"), "wb") as f:
            f.write(b"damaged" * 1000)
        kept = w.json("restore", backup, "--replace")["kept"]
        assert open(kept, "rb").read() == b"damaged" * 1000
        assert w.json("campaign", "show", str(campaign))["id"] == campaign


def a_restore_is_refused_while_an_engine_runs():
    with World(customers=300, settings=SETTINGS) as w:
        w.create(**QUIET)
        backup = os.path.join(w.dir, "b")
        w.run("backup", backup)
        engine = w.popen("run")
        try:
            w.wait_for(lambda: os.path.exists(os.path.join(w.home, "state.id")), "the engine")
            assert "an engine runs" in w.run("restore", backup, "--replace", ok=(1, 3)).stderr
        finally:
            stop(engine)


if __name__ == "__main__":
    world.main([a_backup_while_sending_is_put_back_and_nobody_is_messaged_twice,
                what_was_never_sent_is_sent_after_a_restore,
                a_list_that_shows_nothing_is_not_believed_against_a_callback,
                a_copied_folder_and_an_older_file_do_not_send,
                an_older_file_is_known_by_what_left_a_moment_ago,
                the_relay_tells_a_snapshot_and_an_original_that_another_one_sends,
                a_copy_that_is_confirmed_stops_the_original_that_sends,
                what_is_no_backup_is_refused_and_nothing_changes,
                a_restore_is_refused_while_an_engine_runs])
