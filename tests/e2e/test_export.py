"""What goes out of canvass as files: the suppression list, campaigns. And what comes back in."""
import csv
import html
import io
import json
import os
import re
import resource
import sqlite3
import stat
import subprocess
import sys
import time
import xml.etree.ElementTree
import zipfile

sys.path.insert(0, os.path.dirname(__file__))
import world  # noqa: E402
from world import World  # noqa: E402


def suppressions(w):
    return sorted(tuple(sorted(s.items())) for s in w.json("suppress", "list")["suppressions"])


def the_suppression_list_goes_out_and_comes_back_the_same():
    with World(customers=100, start=False) as w:
        for address, channel, reason in [("+13105550142", "sms", "asked, by \"phone\""), ("=cmd@example.com", "email", "=1+1"),
                                         ("+13105550143", "all", "'=quoted"), ("+13105550144", "voice", "'plain"),
                                         ("ann@example.com", "email", " two\nlines, and a blank ")]:
            w.run("suppress", "add", address, "--channel", channel, "--reason", reason)
        path = os.path.join(w.dir, "out.csv")
        w.run("suppress", "export", "-o", path)
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        rows = list(csv.reader(open(path, newline="", encoding="utf-8")))
        assert rows[0] == ["address", "channel", "reason", "evidence", "at"]
        assert len(rows) == 6
        assert open(path, newline="", encoding="utf-8").read() == w.run("suppress", "export").stdout.replace("\n", "\r\n").replace("\r\r\n", "\r\n") \
            or sorted(rows) == sorted(csv.reader(io.StringIO(w.run("suppress", "export").stdout)))
        for row in rows[1:]:
            for cell in row:
                assert cell[:1] not in "=@-\t\r" or not cell, row
        before = suppressions(w)
        home, w.home = w.home, w.home + "2"
        w.run("suppress", "import", path)
        mine = [[(k, v.strip() if k == "reason" else v) for k, v in row] for row in before]
        assert [list(map(tuple, r)) for r in suppressions(w)] == mine, (suppressions(w), mine)
        w.run("suppress", "import", path)  # again: nothing changes
        assert [list(map(tuple, r)) for r in suppressions(w)] == mine
        w.home = home
        w.run("suppress", "export", "-o", os.path.join(w.dir, "no", "folder.csv"), ok=(1, 3))
        w.run("suppress", "export", "--channel", "fax", ok=(1, 2))


def an_import_of_100000_lines_is_fast_and_whole_or_nothing():
    with World(customers=100, start=False) as w:
        path = os.path.join(w.dir, "in.csv")
        with open(path, "w", encoding="utf-8") as f:
            f.write("channel,address\n")
            for n in range(100000):
                f.write(f"sms,+1310{2000000 + n}\n")
        bad = path + ".bad"
        with open(path, encoding="utf-8") as src, open(bad, "w", encoding="utf-8") as dst:
            for number, line in enumerate(src, 1):
                dst.write("sms,12\n" if number == 54321 else line)
        done = w.run("suppress", "import", bad, ok=(1, 2))
        assert ":54321: the address cannot be understood" in done.stderr, done.stderr
        assert not w.json("suppress", "list")["suppressions"]
        begin = time.monotonic()
        shown = w.json("suppress", "import", path)
        assert shown["imported"] == 100000
        assert time.monotonic() - begin < 60, "an instrumented build needs some seconds"
        out = w.run("suppress", "export").stdout
        assert out.count("\n") == 100001


COLUMNS = ["delivery_id", "customer_id", "name", "channel", "address", "step", "variant", "state", "reason", "attempts",
           "provider_id", "error_code", "error", "accepted_at", "replied_at", "opted_out_at", "replies", "last_reply",
           "outcome", "sentiment", "score", "updated_at"]
NASTY = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "<script>alert(1)</script>", "a,\"b\"\nc", "'=x", "\u00e9\u4e2d\U0001f600"]


def sheet(path):
    """The cells of the first sheet by row; formulas are counted."""
    ns = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(path) as z:
        assert z.testzip() is None
        root = xml.etree.ElementTree.fromstring(z.read("xl/worksheets/sheet1.xml"))
    assert not list(root.iter(ns + "f")), "a formula"
    rows = []
    for row in root.iter(ns + "row"):
        cells = {}
        for cell in row.iter(ns + "c"):
            text = "".join(t.text or "" for t in cell.iter(ns + "t")) or "".join(v.text or "" for v in cell.iter(ns + "v"))
            cells[re.match("[A-Z]+", cell.get("r")).group()] = (cell.get("t"), text)
        rows.append(cells)
    return rows


def a_campaign_goes_out_in_every_format_and_nothing_is_a_formula():
    with World(customers=300, settings=["sms.per_second=500", "policy.frequency_cap.messages=0", "main_database.refresh_seconds=3600"],
               sim_flags=["--speed", "2000", "--seed", "5"]) as w:
        main = sqlite3.connect(os.path.join(w.dir, "main.db"))
        some = [r[0] for r in main.execute("SELECT id FROM customers WHERE phone IS NOT NULL ORDER BY id LIMIT ?", (len(NASTY),))]
        for key, name in zip(some, NASTY):
            main.execute("UPDATE customers SET name = ?, updated_at = '2026-11-23 00:00:00' WHERE id = ?", (name, key))
        main.commit()
        main.close()
        w.run("sync", "--full")
        campaign = w.create(agent={"template": "booking_abandonment_research", "mode": "none"},
                            message=[{"name": "A", "text": "Hello from {business}. Reply STOP to opt out."}])
        targeted = w.launch(campaign)
        for _ in range(4):
            w.run("run", "--until-idle")
        want = {str(r["id"]): r for r in w.json("campaign", "recipients", str(campaign))["recipients"]}
        assert len(want) == targeted

        path = os.path.join(w.dir, "out.csv")
        w.run("campaign", "export", str(campaign), "--format", "csv", "-o", path)
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        rows = list(csv.DictReader(open(path, newline="", encoding="utf-8")))
        assert list(rows[0]) == COLUMNS
        assert len(rows) == targeted
        for row in rows:
            mine = want[row["delivery_id"]]
            assert row["state"] == mine["state"] and row["provider_id"] == (mine["provider_id"] or "")
            assert row["address"] == "'" + mine["address"]
            for cell in row.values():
                assert cell[:1] not in ("=", "+", "-", "@", "\t", "\r"), row
        names = {row["name"] for row in rows}
        assert {"'=1+1", "'-2+3", "'@SUM(A1)", "a,\"b\"\nc", "''=x", NASTY[-1]} <= names, names
        assert any(int(row["replies"]) > 0 and row["last_reply"] for row in rows), "no replies in it"

        shown = json.loads(w.run("campaign", "export", str(campaign), "--format", "json").stdout)
        assert len(shown["recipients"]) == targeted and list(shown["recipients"][0]) == COLUMNS
        assert set(NASTY) <= {r["name"] for r in shown["recipients"]}

        page = w.run("campaign", "export", str(campaign), "--format", "html").stdout
        assert "<script>alert" not in page and html.escape("<script>alert(1)</script>") in page
        assert page.count("<tr>") == targeted + 1

        book = os.path.join(w.dir, "out.xlsx")
        assert w.json("campaign", "export", str(campaign), "--format", "xlsx", "-o", book)["recipients"] == targeted
        assert stat.S_IMODE(os.stat(book).st_mode) == 0o600
        cells = sheet(book)
        assert len(cells) == targeted + 1
        names = {row["C"][1] for row in cells[1:] if "C" in row}
        assert {"=1+1", "-2+3", "@SUM(A1)"} <= names, names
        assert all(row["E"][0] in ("s", "inlineStr") for row in cells[1:]), "an address that is a number"

        before = open(path, "rb").read()
        here = sorted(os.listdir(w.dir))
        for args, code in [(["--format", "pdf"], (1, 2)), (["--format", "xlsx"], (1, 2)), (["-o", "/nowhere/x.csv"], (1, 3)),
                           (["--format", "xlsx", "-o", "/nowhere/x.xlsx"], (1, 3)), (["-o", w.dir], (1, 3))]:
            w.run("campaign", "export", str(campaign), *args, ok=code)
        w.run("campaign", "export", "999", ok=(4,))

        def small():  # as if the disk were full; the signal would end the program before it can say so
            import signal
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        for kind, target in (("csv", path), ("xlsx", book), ("json", path + ".json")):
            existed = os.path.exists(target) and open(target, "rb").read()
            done = subprocess.run(w.argv("campaign", "export", str(campaign), "--format", kind, "-o", target), env=world.ENV,
                                  capture_output=True, text=True, preexec_fn=small, cwd=world.ROOT, restore_signals=False)
            assert done.returncode == 1, (kind, done.returncode, done.stdout, done.stderr)
            assert (os.path.exists(target) and open(target, "rb").read()) == existed, kind
        assert open(path, "rb").read() == before
        assert sorted(os.listdir(w.dir)) == here, "something was left behind"
        with open("/dev/full", "w") as full:
            done = subprocess.run(w.argv("campaign", "export", str(campaign)), env=world.ENV, stdout=full, stderr=subprocess.PIPE, cwd=world.ROOT)
            assert done.returncode == 1


if __name__ == "__main__":
    world.main([the_suppression_list_goes_out_and_comes_back_the_same, an_import_of_100000_lines_is_fast_and_whole_or_nothing,
                a_campaign_goes_out_in_every_format_and_nothing_is_a_formula])
