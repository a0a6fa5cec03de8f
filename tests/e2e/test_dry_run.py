"""`campaign launch --dry-run`: the timeline of a launch that does not happen."""
import hashlib
import os
import sqlite3
import sys

sys.path.insert(0, os.path.dirname(__file__))
import world  # noqa: E402
from world import World  # noqa: E402

SETTINGS = ["main_database.refresh_seconds=3600", "policy.frequency_cap.messages=0", "sms.per_second=2", "sms.price=0.01"]
SOME = {"criteria": {"all": [{"customer": {"has_phone": True}}, {"appointment_count": {"<=": 1}}]}}
QUIET = {"agent": {"template": "booking_abandonment_research", "mode": "none"}, "segment": SOME}


def content(home):
    """Every row of the ledger; a checkpoint is no change."""
    with sqlite3.connect(f"file:{home}/canvass.db?mode=ro", uri=True) as db:
        return hashlib.sha256("\n".join(db.iterdump()).encode()).hexdigest()


def a_dry_run_tells_the_timeline_and_changes_nothing():
    with World(customers=1500, settings=SETTINGS) as w:
        with sqlite3.connect(os.path.join(w.dir, "main.db")) as db:  # some have a zone of their own
            db.execute("ALTER TABLE customers ADD COLUMN time_zone TEXT")
            db.execute("UPDATE customers SET time_zone = 'Pacific/Guam' WHERE id % 3 = 0")
        w.run("sync", "--full")
        campaign = w.create(**QUIET, schedule={"start": "now", "quiet_hours": {"from": "09:00", "to": "20:00"}})
        before = content(w.home)
        shown = w.json("campaign", "launch", str(campaign), "--dry-run")
        assert content(w.home) == before, "the ledger was changed"
        assert not w.ledger("accepted")
        assert w.json("campaign", "show", str(campaign))["status"] == "draft"
        assert not [n for n in os.listdir("/dev/shm") if n.startswith("canvass-dry-run")]
        assert shown["finished"] and shown["people"] == shown["messages"] + sum(r["people"] for r in shown["not_sent"])
        assert sum(h["messages"] for h in shown["hours"]) == shown["messages"] > 100
        assert sum(h["segments"] for h in shown["hours"]) == shown["segments"] >= shown["messages"]
        assert abs(shown["cost"] - shown["segments"] * 0.01) < 1e-6
        assert sum(z["people"] for z in shown["waits"]) == shown["people"]
        assert max(h["segments"] for h in shown["hours"]) <= 2 * 3600 + 10, "faster than the rate"
        assert shown["first_at"] <= shown["last_at"]
        names = {z["zones"] for z in shown["waits"]}
        assert "America/New_York" in names or "America/Los_Angeles" in names, names
        guam = [z for z in shown["waits"] if z["zones"] == "Pacific/Guam"]
        assert len(guam) == 1 and shown["people"] / 5 < guam[0]["people"] < shown["people"] / 2, guam
        for z in shown["waits"]:
            assert z["wait_for_quiet_hours"] <= z["sent"] and (z["open_at"] is None) == (z["wait_for_quiet_hours"] == 0)
            if z["wait_for_quiet_hours"] == z["people"]:
                assert z["first_at"] >= z["open_at"], z
        text = w.run("campaign", "launch", str(campaign), "--dry-run").stdout
        assert "nothing was sent or changed" in text and "who waits for what" in text

        # without a window it is the rate alone that decides
        free = w.create(**{**QUIET, "name": "Free"})
        shown = w.json("campaign", "launch", str(free), "--dry-run")
        assert shown["finished"] and all(z["wait_for_quiet_hours"] == 0 for z in shown["waits"])
        targeted = w.launch(free)
        assert shown["people"] == targeted
        again = w.json("campaign", "launch", str(free), "--dry-run")  # from where it stands
        assert again["people"] == targeted and again["messages"] == shown["messages"]
        w.run("campaign", "pause", str(free))
        w.run("campaign", "launch", str(free), "--dry-run", ok=(3,))
        w.run("campaign", "launch", "999", "--dry-run", ok=(4,))


if __name__ == "__main__":
    world.main([a_dry_run_tells_the_timeline_and_changes_nothing])
