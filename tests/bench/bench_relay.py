"""The relay's figures: webhooks answered with 2xx after a synced commit, beside the same program keeping nothing and
beside one commit for each POST. The three take turns; median of several rounds.

usage: bench_relay.py [--connections N] [--seconds S] [--rounds R]      (the release build must be there: make bench)
"""
import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BIN = os.path.join(ROOT, os.environ.get("CANVASS_TEST_BIN", "build/release"))
WAYS = {"relay": "canvass-relay: 2xx after the synced commit",
        "nothing": "the same handler, nothing kept",
        "each": "one synced commit for each POST"}


class Relay:
    """One of the three, on a database of its own."""

    def __init__(self, way, folder):
        self.port_file = os.path.join(folder, way + ".port")
        database = os.path.join(folder, way + ".db")
        if way == "relay":
            for name, secret in (("token", "console-secret"), ("twilio", "twilio-secret")):
                path = os.path.join(folder, name)
                with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8") as f:
                    f.write(secret + "\n")
            argv = [os.path.join(BIN, "canvass-relay"), "--listen", "127.0.0.1:0", "--database", database,
                    "--public-url", "https://hooks.example.com", "--token-file", os.path.join(folder, "token"),
                    "--twilio-token-file", os.path.join(folder, "twilio"), "--port-file", self.port_file]
        else:
            argv = [os.path.join(BIN, "relay_plain"), way, database, self.port_file]
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 20
        while not os.path.exists(self.port_file):
            if self.process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"bench_relay: {way} did not start")
            time.sleep(0.01)
        with open(self.port_file, encoding="utf-8") as f:
            self.port = f.read().strip()

    def close(self):
        self.process.stdin.close()
        self.process.terminate()
        self.process.wait()


def load(port, connections, seconds):
    done = subprocess.run([os.path.join(BIN, "relay_load"), port, str(connections), str(seconds)], check=True,
                          capture_output=True, text=True)
    rate, p50, p99, longest, bad = done.stdout.split()
    return {"rate": float(rate), "p50": float(p50), "p99": float(p99), "longest": float(longest), "bad": int(bad)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--connections", type=int, default=256)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    rounds = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory(prefix="canvass-bench-", dir=os.environ.get("CANVASS_BENCH_DIR")) as folder:
        relays = {}
        try:
            for way in WAYS:
                relays[way] = Relay(way, folder)
            for _ in range(args.rounds):
                for way in WAYS:
                    rounds[way].append(load(relays[way].port, args.connections, args.seconds))
        finally:
            for relay in relays.values():
                relay.close()
    figure = {way: {key: statistics.median(r[key] for r in rounds[way]) for key in rounds[way][0]} for way in WAYS}
    bad = sum(r["bad"] for way in WAYS for r in rounds[way])
    print(f"canvass-relay bench: {platform.machine()}, {os.cpu_count()} cores, {args.connections} connections, "
          f"median of {args.rounds} rounds of {args.seconds} s, load generator on the same machine")
    for way, name in WAYS.items():
        f = figure[way]
        print(f"  {name:<46} {f['rate']:10,.0f} webhooks/s   p50 {f['p50']:7.2f} ms   p99 {f['p99']:7.2f} ms")
    print(f"  of the same handler keeping nothing {figure['relay']['rate'] / figure['nothing']['rate']:6.0%}, "
          f"one commit each {figure['relay']['rate'] / figure['each']['rate']:.1f}x, not answered with 2xx: {bad}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
