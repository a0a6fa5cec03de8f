"""A program in a terminal of its own (tmux), its keys and its screen. No fixed sleeps: wait for text."""
import contextlib
import os
import re
import shlex
import subprocess
import tempfile
import time
import uuid

DEADLINE = 20.0  # seconds for anything to appear; generous, since machines are slow at times


class ScreenError(AssertionError):
    pass


class Terminal:
    def __init__(self, argv, width=100, height=30, env=None, term="xterm-256color", locale="C.UTF-8"):
        self.socket = "canvass-test-" + uuid.uuid4().hex[:12]
        self.width, self.height = width, height
        self.status_file = os.path.join(tempfile.gettempdir(), self.socket + ".status")
        clean = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "TERM": term, "LC_ALL": locale,
                 "TZ": "UTC", "ASAN_OPTIONS": "detect_leaks=0"}
        clean.update(env or {})
        words = " ".join(shlex.quote(f"{k}={v}") for k, v in clean.items())
        command = f"env -i {words} {shlex.join(argv)}; echo $? > {shlex.quote(self.status_file)}"
        base = {k: v for k, v in os.environ.items() if k not in ("TMUX", "TMUX_PANE")}
        base["LC_ALL"] = "C.UTF-8"
        self.base = base
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height), "sh", "-c", command)
        self._tmux("set", "-g", "status", "off")
        self._tmux("set", "-g", "escape-time", "0")
        self._tmux("set", "-g", "remain-on-exit", "on")
        self._tmux("resize-window", "-x", str(width), "-y", str(height))

    def _tmux(self, *args):
        done = subprocess.run(["tmux", "-L", self.socket, *args], capture_output=True, text=True, env=self.base)
        if done.returncode != 0:
            raise ScreenError(f"tmux {args[0]}: {done.stderr.strip()}")
        return done.stdout

    def screen(self):
        return self._tmux("capture-pane", "-p").rstrip("\n").split("\n")

    def text(self):
        return "\n".join(self.screen())

    def key(self, *keys):
        for k in keys:
            self._tmux("send-keys", k)

    def type(self, text):
        for start in range(0, len(text), 200):
            part = text[start:start + 200]
            if part.endswith(";"):
                part = part[:-1] + "\\;"
            self._tmux("send-keys", "-l", part)

    def resize(self, width, height):
        self.width, self.height = width, height
        self._tmux("resize-window", "-x", str(width), "-y", str(height))

    def wait(self, pattern, gone=False, row=None, deadline=DEADLINE):
        """Until the regular expression is on the screen (or is not, with gone). Returns the match."""
        expr = re.compile(pattern)
        end = time.monotonic() + deadline
        while True:
            lines = self.screen()
            text = lines[row] if row is not None and -len(lines) <= row < len(lines) else "\n".join(lines)
            found = expr.search(text)
            if bool(found) != gone:
                return found
            if time.monotonic() > end:
                raise ScreenError(f"{'still' if gone else 'never'} on the screen: {pattern}\n" + self.framed())
            time.sleep(0.03)

    def wait_for(self, condition, what, deadline=DEADLINE):
        end = time.monotonic() + deadline
        while not condition():
            if time.monotonic() > end:
                raise ScreenError(f"never: {what}\n" + self.framed())
            time.sleep(0.05)

    def framed(self):
        edge = "+" + "-" * self.width + "+"
        return "\n".join([edge] + ["|" + line.ljust(self.width) + "|" for line in self.screen()] + [edge])

    def wait_exit(self, deadline=DEADLINE):
        end = time.monotonic() + deadline
        while not os.path.exists(self.status_file) or not open(self.status_file).read().strip():
            if time.monotonic() > end:
                raise ScreenError("the program did not end\n" + self.framed())
            time.sleep(0.03)
        return int(open(self.status_file).read())

    def pid(self):
        """Of the program itself, below the shell."""
        shell = self._tmux("display-message", "-p", "#{pane_pid}").strip()
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            for number in filter(str.isdigit, os.listdir("/proc")):
                with contextlib.suppress(OSError), open(f"/proc/{number}/stat", encoding="utf-8", errors="replace") as f:
                    name, rest = f.read().split("(", 1)[1].rsplit(")", 1)
                    if name.startswith("canvass") and rest.split()[1] == shell:
                        return int(number)
            time.sleep(0.03)
        raise ScreenError("the program is not there")

    def close(self):
        subprocess.run(["tmux", "-L", self.socket, "kill-server"], capture_output=True, env=self.base)
        try:
            os.unlink(self.status_file)
        except OSError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
