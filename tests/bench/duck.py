"""The preview's questions asked of DuckDB, on a table of the same facts, where node and its package are there."""
import csv
import json
import os
import shutil
import sqlite3
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(HERE, "..", "..", "build", "duckdb")
COLUMNS = ["id", "name", "phone", "last_appointment", "last_appointment_status", "last_appointment_cancelled_at",
           "appointment_count", "last_activity"]
# Those of bench_preview.c that facts alone can answer.
QUESTIONS = {
    "inactive": "appointment_count > 0 AND last_activity <= $cut",
    "cancelled": "last_appointment_status = 'cancelled' AND last_appointment_cancelled_at BETWEEN $cut AND $now",
}


def package():
    """The folder that has it; None and the reason when it cannot be had."""
    if not shutil.which("node"):
        return None, "there is no node"
    if not os.path.isdir(os.path.join(FOLDER, "node_modules", "@duckdb", "node-api")):
        if not shutil.which("npm"):
            return None, "there is no npm"
        os.makedirs(FOLDER, exist_ok=True)
        got = subprocess.run(["npm", "install", "--silent", "--prefix", FOLDER, "@duckdb/node-api"], capture_output=True)
        if got.returncode != 0:
            return None, "npm could not get @duckdb/node-api"
    return FOLDER, ""


def export(home, path):
    db = sqlite3.connect(os.path.join(home, "replica.db"))
    with open(path, "w", encoding="utf-8", newline="") as f:
        out = csv.writer(f)
        out.writerow(COLUMNS)
        out.writerows(db.execute(f"SELECT {', '.join(COLUMNS)} FROM customer ORDER BY id"))
    db.close()


def ask(home, workplace, now, day):
    """{name: answer}, or the reason why not."""
    folder, why = package()
    if not folder:
        return why
    path = os.path.join(workplace, "facts.csv")
    export(home, path)
    asked = json.dumps([{"name": name, "where": where} for name, where in QUESTIONS.items()])
    done = subprocess.run(["node", os.path.join(HERE, "duckdb.mjs"), folder, path, asked, str(now), str(day)],
                          capture_output=True, text=True)
    os.unlink(path)
    if done.returncode != 0:
        return done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "node failed"
    return {a["name"]: a for a in json.loads(done.stdout)}
