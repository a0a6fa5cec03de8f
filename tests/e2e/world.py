"""A world for a test: demo data, relay and simulator on free loopback ports, in a temporary folder."""
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BIN = os.path.join(ROOT, os.environ.get("CANVASS_TEST_BIN", "build/asan"))
# Leaks are judged in the unit tests; a program that was killed on purpose has no say in it.
ENV = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C.UTF-8", "TZ": "UTC",
       "ASAN_OPTIONS": "detect_leaks=0"}


class World:
    def __init__(self, customers=2000, sim_flags=(), settings=(), seed=3, start=True):
        self.dir = tempfile.mkdtemp(prefix="canvass-test-")
        self.config = os.path.join(self.dir, "config.yaml")
        self.home = os.path.join(self.dir, "state")
        self.settings = list(settings)
        self.sim_flags = list(sim_flags)
        self.relay = self.sim = None
        self.relay_port = self.sim_port = None
        try:
            self.run("init", "--demo", "--customers", str(customers), "--seed", str(seed))
            text = open(self.config, encoding="utf-8").read()
            self.sid = re.search(r"account_sid: *\"?(AC[0-9a-f]+)", text).group(1)
            self.number = re.search(r"from: *\"(\+\d+)\"", text).group(1)
            if start:
                self.start_relay()
                self.start_sim()
        except BaseException:
            self.close()
            raise

    # --- programs
    def _wait_port(self, path, process, name):
        end = time.monotonic() + 20
        while not (os.path.exists(path) and open(path).read().strip()):
            if process.poll() is not None:
                raise AssertionError(f"{name} ended at once: " + open(os.path.join(self.dir, name + ".log")).read())
            if time.monotonic() > end:
                raise AssertionError(f"{name} is not ready")
            time.sleep(0.02)
        return int(open(path).read())

    def _start(self, name, argv):
        port_file = os.path.join(self.dir, name + ".port")
        if os.path.exists(port_file):
            os.unlink(port_file)
        with open(os.path.join(self.dir, name + ".log"), "ab") as log:
            process = subprocess.Popen([os.path.join(BIN, name), *argv, "--port-file", port_file], env=ENV,
                                       stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT)
        return process, self._wait_port(port_file, process, name)

    def start_relay(self):
        listen = f"127.0.0.1:{self.relay_port or 0}"
        flags = ["--config", os.path.join(self.dir, "relay.yaml"), "--listen", listen, "--public-url",
                 f"http://{listen}" if self.relay_port else ""]
        self.relay, self.relay_port = self._start("canvass-relay", flags)

    def start_sim(self):
        self.sim, self.sim_port = self._start("canvass-sim", [
            "--listen", f"127.0.0.1:{self.sim_port or 0}", "--account-sid", self.sid,
            "--auth-token-file", os.path.join(self.dir, "twilio.token"), "--from", self.number,
            "--inbound-url", f"http://127.0.0.1:{self.relay_port}/hooks/twilio/sms#rc=5&rp=all",
            "--ledger", os.path.join(self.dir, "ledger.jsonl"), *self.sim_flags])

    def flags(self):
        out = ["--config", self.config, "--home", self.home]
        if self.sim_port:
            out += ["--set", f"sms.base_url=http://127.0.0.1:{self.sim_port}"]
        if self.relay_port:
            url = f"http://127.0.0.1:{self.relay_port}"
            out += ["--set", f"relay.url={url}", "--set", f"relay.public_url={url}"]
        for setting in self.settings:
            out += ["--set", setting]
        return out

    def argv(self, *args):
        return [os.path.join(BIN, "canvass"), *self.flags(), *args]

    def popen(self, *args, **kwargs):
        return subprocess.Popen(self.argv(*args), env=ENV, stdin=subprocess.DEVNULL, cwd=ROOT, **kwargs)

    def run(self, *args, ok=(0,), stdin=None, timeout=240):
        done = subprocess.run(self.argv(*args), env=ENV, input=stdin, capture_output=True, text=True,
                              timeout=timeout, cwd=ROOT)
        if done.returncode not in ok:
            raise AssertionError(f"canvass {' '.join(args)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def json(self, *args, ok=(0,), stdin=None):
        return json.loads(self.run(*args, "--json", ok=ok, stdin=stdin).stdout)

    def ledger(self, event=None):
        """What the provider saw: one object a line."""
        path = os.path.join(self.dir, "ledger.jsonl")
        if not os.path.exists(path):
            return []
        with open(path, encoding="utf-8") as f:
            rows = [json.loads(line) for line in f if line.endswith("\n")]
        return [r for r in rows if event is None or r["event"] == event]

    def create(self, **spec):
        base = {"name": "Test", "type": "research", "channel": "sms", "segment": {"criteria": {"customer": {"has_phone": True}}},
                "agent": {"template": "booking_abandonment_research", "mode": "scripted"},
                "message": [{"name": "A", "text": "Hi {first_name|there}, {assistant} from {business}. {question_1} Reply STOP to opt out."}]}
        base.update(spec)
        return self.json("campaign", "create", "-f", "-", stdin=json.dumps(base))["id"]

    def launch(self, campaign, *flags):
        spec = self.json("campaign", "show", str(campaign))
        segment = spec["spec"]["segment"]
        path = os.path.join(self.dir, "criteria.json")
        if "criteria" in segment:
            with open(path, "w", encoding="utf-8") as f:
                json.dump(segment["criteria"], f)
            selector = ["--criteria", path]
        else:
            kind = next(iter(segment))
            selector = ["--" + kind, segment[kind]]
        count = self.json("segment", "count", *selector, "--channel", "sms")["reach"]["reachable"]
        self.run("campaign", "launch", str(campaign), "--confirm", str(count), *flags)
        return count

    def wait_for(self, condition, what, deadline=60):
        end = time.monotonic() + deadline
        while not condition():
            if time.monotonic() > end:
                raise AssertionError("never: " + what)
            time.sleep(0.1)

    def close(self):
        for process in (self.sim, self.relay):
            if process and process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in (self.sim, self.relay):
            if process:
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        if os.environ.get("CANVASS_TEST_KEEP"):
            print("kept", self.dir)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def main(tests):
    """Runs the functions; prints a line each and at the end the count."""
    import sys
    import traceback
    passed = failed = 0
    only = sys.argv[1:]
    for test in tests:
        if only and test.__name__ not in only:
            continue
        start = time.monotonic()
        try:
            test()
            passed += 1
            print(f"ok      {test.__name__} ({time.monotonic() - start:.1f} s)", flush=True)
        except Exception:  # noqa: BLE001: every failure is reported and the next test runs
            failed += 1
            print(f"FAILED  {test.__name__}")
            traceback.print_exc(file=sys.stdout)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
