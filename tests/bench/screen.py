"""The console on a terminal: from start to the first screen, from a key to what it changes, bytes on the line, memory."""
import fcntl
import os
import pty
import re
import select
import signal
import statistics
import struct
import termios
import time

UP, DOWN, RIGHT, PAGE, F3, ENTER = b"\x1b[A", b"\x1b[B", b"\x1b[C", b"\x1b[6~", b"\x1bOR", b"\r"


class Line:
    """A program behind a terminal line of 100x30, as over SSH; what it sends is counted, not drawn."""

    def __init__(self, argv, env):
        self.start = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.clear()
            os.environ.update({**env, "TERM": "xterm-256color"})
            os.execv(argv[0], argv)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        self.seen = b""

    def read(self, quiet):
        """All until nothing has come for so long; and when the first and the last of it came."""
        out, first, last = b"", None, None
        while select.select([self.fd], [], [], quiet)[0]:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                break
            last = time.perf_counter()
            first = first or last
            out += data
        self.seen += out
        return out, first, last

    def wait(self, text, deadline=20):
        end = time.perf_counter() + deadline
        while text not in re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", self.seen):
            if time.perf_counter() > end:
                raise AssertionError(f"never on the line: {text}")
            if select.select([self.fd], [], [], 0.02)[0]:
                self.seen += os.read(self.fd, 65536)

    def key(self, data, quiet=0.12):
        """Milliseconds until the first byte of an answer, and how many came."""
        at = time.perf_counter()
        os.write(self.fd, data)
        out, first, _ = self.read(quiet)
        return ((first or at) - at) * 1000, len(out)

    def resident_mb(self):
        with open(f"/proc/{self.pid}/status", encoding="utf-8") as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1)) / 1024

    def end(self):
        os.kill(self.pid, signal.SIGTERM)
        while True:
            self.read(0.05)
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                break
        os.close(self.fd)


def show(what, keys):
    times, sizes = sorted(k[0] for k in keys), [k[1] for k in keys]
    p99 = times[min(len(times) - 1, len(times) * 99 // 100)]
    print(f"  {what:<46} {statistics.median(times):8.1f} ms median {p99:8.1f} ms p99 {times[-1]:8.1f} ms worst"
          f" {statistics.median(sizes):6.0f} bytes", flush=True)


def while_sending(w, env, campaign):
    """The console sends the campaign and shows its recipients meanwhile."""
    line = Line(w.argv(), env)
    line.wait(b"active")
    line.key(b"3", 0.3)
    for _ in range(200):  # four seconds: nobody presses a key any more, and the screen is told once a second
        line.read(0.02)
    live = sum(len(line.read(0.02)[0]) for _ in range(250)) / 5
    line.key(b"2", 0.3)
    line.wait(b"active")
    line.key(ENTER, 0.3)
    line.wait(b"What became of it")
    line.key(RIGHT, 0.3)
    line.wait(b"Recipients")
    before = len(w.ledger("accepted"))
    begun = time.perf_counter()
    show("a move in the list of recipients, sending", [line.key(k, 0.05) for k in (DOWN, PAGE, UP, DOWN) * 40])
    speed = (len(w.ledger("accepted")) - before) / (time.perf_counter() - begun)
    states = w.json("campaign", "stats", str(campaign))["states"]
    print(f"  {'meanwhile, messages sent a second':<46} {speed:10,.0f}   {states['queued']:,} waited still")
    print(f"  {'bytes a second of the live monitor':<46} {live:8.0f} bytes")
    print(f"  {'resident memory of console and engine':<46} {line.resident_mb():8.1f} MB")
    line.end()


def measure(w, env):
    starts = []
    for _ in range(5):
        line = Line(w.argv(), env)
        line.wait(b"Dashboard")
        starts.append((time.perf_counter() - line.start) * 1000)
        line.end()
    print(f"  {'start to the first screen':<46} {statistics.median(starts):8.1f} ms median {max(starts):8.1f} ms worst")
    line = Line(w.argv(), env)
    line.wait(b"Dashboard")
    line.read(0.8)
    idle = sum(len(line.read(1.0)[0]) for _ in range(5))
    print(f"  {'bytes in five idle seconds':<46} {idle:8} bytes")
    line.key(b"n", 0.5)
    show("a letter in the wizard's form", [line.key(c.encode()) for c in "Autumn recall of everybody who was here"])
    line.key(F3, 0.5)
    line.key(ENTER, 0.4)
    for c in "cancelled":
        line.key(c.encode())
    line.key(ENTER, 1.0)
    show("a move in the editor of criteria", [line.key(k, 0.4) for k in (DOWN, DOWN, UP, DOWN, UP, DOWN, UP, DOWN)])
    show("a digit: the segment counted anew", [line.key(k, 0.4) for k in (b"1", b"\x7f") * 12])
    print(f"  {'resident memory of the console':<46} {line.resident_mb():8.1f} MB")
    line.end()
