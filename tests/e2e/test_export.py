"""What goes out of canvass as files: the suppression list, campaigns. And what comes back in."""
import csv
import io
import os
import stat
import sys
import time

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


if __name__ == "__main__":
    world.main([the_suppression_list_goes_out_and_comes_back_the_same, an_import_of_100000_lines_is_fast_and_whole_or_nothing])
