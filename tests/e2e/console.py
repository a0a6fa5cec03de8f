"""The console in a terminal, for tests: opens it on a world, reads its frame, and sees to it that nothing is left behind."""
import json
import os
import re
import time
import unicodedata
import urllib.request

from terminal import DEADLINE, Terminal
from world import World

CALM = ["main_database.refresh_seconds=3600", "policy.frequency_cap.messages=0"]
SOME = {"criteria": {"all": [{"customer": {"has_phone": True}}, {"appointment_count": {"<=": 1}}]}}
FEW = {"criteria": {"all": [{"customer": {"has_phone": True}}, {"appointment_count": 3}]}}
TABS = ["Dashboard", "Campaigns", "Monitor", "Inbox", "Templates", "Settings"]


class Console(Terminal):
    """canvass without a subcommand, in a terminal. Waits until its first screen is drawn."""

    def __init__(self, world, *flags, ready="canvass", **kwargs):
        self.world = world
        super().__init__([*world.argv(), *flags], **kwargs)
        try:
            self.wait(ready, row=0)
        except BaseException:
            self.close()
            raise

    def tab(self, name):
        """Goes to a tab by its number and waits until it is the one that is open."""
        self.key(str(TABS.index(name) + 1))
        self.wait(r"[▸>]" + str(TABS.index(name) + 1) + " " + name, row=1)

    def command(self, text):
        """An action of the palette."""
        self.key(":")
        self.wait(r"Esc drops")
        self.type(text)
        self.wait(re.escape(":" + text), row=self.height - 2)
        self.key("Enter")
        self.wait(r"Esc drops", gone=True)

    def styled(self):
        """The screen with its escape sequences for colours and attributes."""
        return self._tmux("capture-pane", "-p", "-e").split("\n")

    def flag(self, name):
        return self._tmux("display-message", "-p", "#{" + name + "}").strip()

    def stays(self, condition, what, seconds=1.5):
        """For so long; looks all the time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert condition(), f"not for long: {what}\n" + self.framed()
            time.sleep(0.05)


def width(text):
    """Columns, as a terminal counts them."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


FOOT = r"\? help  q (quit|back)\s*$"


def check_frame(console):
    """What holds of every screen: its lines fit, the header is on top, the keys for help and leaving are at the bottom."""
    console.wait(FOOT, row=console.height - 1)  # the terminal may be in the middle of a frame
    lines = console.screen()
    assert len(lines) == console.height, console.framed()
    for line in lines:
        assert width(line) <= console.width, f"{width(line)} columns: {line}"
        assert "�" not in line and "^[" not in line and "(null)" not in line and "nan" not in line.split(), line
    assert lines[0].startswith(" canvass"), console.framed()
    assert re.search(r"\d\d:\d\d$", lines[0].rstrip()), lines[0]
    assert re.search(FOOT, lines[-1]), lines[-1]


def processes(folder):
    """Process ids whose command line names the folder."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                words = f.read().split(b"\0")
            with open(f"/proc/{pid}/stat") as f:
                zombie = f.read().rsplit(")", 1)[1].split()[0] == "Z"
        except OSError:
            continue
        if not zombie and any(folder.encode() in word for word in words):
            found.append(int(pid))
    return found


class Place(World):
    """A world that must leave no process behind."""

    def __init__(self, customers=600, settings=(), **kwargs):
        super().__init__(customers=customers, settings=CALM + list(settings), **kwargs)

    def console(self, *flags, **kwargs):
        return Console(self, *flags, **kwargs)

    def running(self):
        """The consoles and engines that use this world."""
        mine = {p.pid for p in (self.relay, self.sim) if p}
        return [pid for pid in processes(self.dir) if pid not in mine and self.program(pid) == "canvass"]

    @staticmethod
    def program(pid):
        try:
            return os.path.basename(os.readlink(f"/proc/{pid}/exe"))
        except OSError:
            return ""

    def customer_says(self, number, text, opt_out=False):
        """A customer writes now. Returns the provider's id of the text."""
        body = json.dumps({"from": number, "to": self.number, "body": text, **({"opt_out": True} if opt_out else {})})
        request = urllib.request.Request(f"http://127.0.0.1:{self.sim_port}/sim/inbound", body.encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())["sid"]

    def accepted(self, to=None):
        """What the provider accepted."""
        return [r for r in self.ledger("accepted") if to is None or r["to"] == to]

    def __exit__(self, *args):
        self.close()
        if args[0] is None:
            end = time.monotonic() + DEADLINE
            while processes(self.dir):
                assert time.monotonic() < end, f"left behind: {processes(self.dir)}"
                time.sleep(0.05)
