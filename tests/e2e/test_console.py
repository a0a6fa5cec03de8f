#!/usr/bin/env python3
"""The console as an operator uses it: the real program in a terminal, with keys, and what came of it at the provider."""
import collections
import contextlib
import glob
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import termios
import time

sys.path.insert(0, os.path.dirname(__file__))
import world  # noqa: E402
from console import FEW, SOME, TABS, Console, Place, check_frame  # noqa: E402

TEXT = "Hi {first_name|there}, {assistant} from {business}. {question_1} Reply STOP to opt out."
SILENT = {"agent": {"template": "booking_abandonment_research", "mode": "none"},
          "message": [{"name": "A", "text": "Hi {first_name|there}, {business} is open on Saturdays now. Reply STOP to opt out."}]}


def begin(w, segment=FEW, **spec):
    """A campaign that is launched; the engine of whoever comes sends it."""
    w.run("sync")
    campaign = w.create(name="Autumn recall", segment=segment, **spec)
    return campaign, w.launch(campaign)


def closed_hours():
    """An open hour of the day that it is now nowhere in the country."""
    now = time.gmtime().tm_hour
    taken = {(now - hours) % 24 for hours in range(3, 12)}
    hour = next(h for h in range(9, 20) if h not in taken)
    return {"from": f"{hour:02d}:00", "to": f"{hour + 1:02d}:00"}


def once_each(w, targeted):
    counts = collections.Counter(r["to"] for r in w.accepted() if "Reply STOP" in r["body"])
    assert not counts or max(counts.values()) == 1, "somebody got it twice"
    return len(counts) == targeted


# --- looking


def an_empty_world_names_the_next_step():
    with Place() as w, w.console() as c:
        c.wait("No campaigns yet. Press n to make the first one.")
        c.wait("replica .*✓", row=0)
        c.wait("engine ✓", row=0)
        c.wait("Nothing needs you now.")
        check_frame(c)
        c.tab("Campaigns")
        c.wait("Press n")
        c.tab("Monitor")
        c.wait("No campaign is running.")
        c.wait("No reply has come yet.")
        c.tab("Inbox")
        c.wait(r"(?i)no (repl|conversation)")
        c.key("q")
        assert c.wait_exit() == 0


def every_screen_opens_at_80x24():
    with Place(sim_flags=["--speed", "2000"], settings=["sms.per_second=200"]) as w:
        begin(w)
        w.run("run", "--until-idle")
        with w.console(width=80, height=24) as c:
            for number, name in enumerate(TABS, 1):
                c.tab(name)
                c.wait("reading", gone=True)
                check_frame(c)
                c.key("?")
                c.wait(f"Keys: {name}")
                c.wait("This screen")
                c.key("Escape")
                c.wait("Keys: ", gone=True)
                c.key(":")
                c.wait("Actions")
                c.key("Escape")
                c.wait("Actions", gone=True)
                check_frame(c)
                for line in (c.screen()[0], c.screen()[1]):
                    assert name in line, c.framed()
                assert number <= 6
            c.tab("Campaigns")
            c.key("Enter")
            c.wait("Overview")
            for tab in ("Recipients", "Replies", "Variants", "Timeline", "Settings"):
                c.key("Right")
                c.wait("[▸>]" + tab)
                c.wait("reading", gone=True)
                check_frame(c)
            c.key("q")
            c.wait("q quit", row=-1)
            for name in ("messages", "in-doubt"):
                c.command(name)
                c.wait("q back", row=-1)
                check_frame(c)
                c.key("Escape")
                c.wait("q quit", row=-1)


def footer_keys_are_in_the_help():
    with Place(start=False) as w, w.console(height=60) as c:
        for name in TABS:
            c.tab(name)
            footer = [part.split()[0] for part in re.split(r"  +", c.screen()[-1].strip())]
            c.key("?")
            c.wait(f"Keys: {name}")
            shown = {m.group(1) for line in c.screen() for m in [re.match(r"┃ {3}(\S+) ", line[4:])] if m}
            missing = [key for key in footer if key not in shown]
            assert not missing, f"{name}: {missing}\n" + c.framed()
            c.key("Escape")
            c.wait("Keys: ", gone=True)


def any_size_at_any_moment():
    with Place(settings=["sms.per_second=50"], sim_flags=["--speed", "2000"]) as w:
        begin(w, SOME)
        with w.console(width=80, height=24) as c:
            for name in ("Dashboard", "Monitor", "Inbox", "Settings"):
                c.tab(name)
                c.resize(160, 50)
                c.wait(r"\? help", row=49)
                c.wait_for(lambda: len(c.screen()) == 50, "50 lines")
                check_frame(c)
                c.resize(72, 20)
                c.wait("The window is 72.20; canvass needs 80.24")
                c.wait("canvass │", gone=True)
                c.resize(100, 30)
                c.wait(r"\? help", row=29)
                c.wait("[▸>]. " + name, row=1)
                check_frame(c)
                c.resize(80, 24)
                c.wait(r"\? help", row=23)
                check_frame(c)
            # half-typed text is still there afterwards
            c.key(":")
            c.type("the")
            c.wait(":the", row=22)
            c.resize(72, 20)
            c.wait("The window is")
            c.resize(120, 40)
            c.wait(":the", row=38)
            c.key("Escape")
            # many at once, while messages go out
            for size in [(90, 30), (81, 24), (200, 60), (60, 10), (100, 30)] * 3:
                c.resize(*size)
            c.wait(r"\? help", row=29)
            check_frame(c)


def keys_of_other_terminals():
    """What PuTTY, rxvt or nobody at all sends for a key does not come as Esc and letters."""
    with Place(start=False) as w, w.console() as c:
        c.tab("Settings")
        c.wait("[▸>] business.name")
        for end, home in (("\x1b[4~", "\x1b[1~"), ("\x1b[F", "\x1b[H"), ("\x1bOF", "\x1bOH"), ("\x1b[8~", "\x1b[7~")):
            c.type(end)
            c.wait("[▸>] business.name", gone=True)
            c.type(home)
            c.wait("[▸>] business.name")
        for unknown in ("\x1b[1;6q", "\x1b[99;5u", "\x1b[24;2~", "\x1bOz", "\x1b[?1;2c"):
            c.type(unknown)
        c.type("j")
        c.wait("[▸>] business.assistant")
        c.type("\x1b[13~")  # F3, in the way of PuTTY
        c.wait("[▸>]6 Settings", row=1)
        check_frame(c)
        # Esc alone is Esc
        c.key("?")
        c.wait("Keys: Settings")
        c.key("Escape")
        c.wait("Keys: Settings", gone=True)


# --- kinds of terminals


def ascii_and_plain_locales():
    frame = set("─│╭╮╰╯━┃┏┓┗┛▸●◌◷◐○✓✗…│▁▂▃▄▅▆▇█·×▲▼")
    with Place(settings=["sms.per_second=200"], sim_flags=["--speed", "2000"]) as w:
        begin(w)
        w.run("run", "--until-idle")
        with w.console("--set", "ui.ascii=true") as c:
            for name in TABS:
                c.tab(name)
                c.wait("reading", gone=True)
                found = frame & set(c.text())
                assert not found, f"{name}: {found}\n" + c.framed()
                assert not re.search("[\u2800-\u28ff]", c.text()), c.framed()
        with w.console(locale="C") as c:
            for name in TABS:
                c.tab(name)
                c.wait(r"reading\.", gone=True)
                assert c.text().isascii(), f"{name}: {[x for x in c.text() if ord(x) > 127]}\n" + c.framed()


def no_colour_where_it_is_not_wanted():
    coloured = re.compile(r"\x1b\[[0-9;]*(?:3[0-7]|4[0-7]|9[0-7]|10[0-7]|[34]8;[25];)[0-9;]*m")
    with Place(start=False) as w:
        with w.console() as c:
            c.wait("No campaigns yet")
            assert any(coloured.search(line) for line in c.styled()), "the usual look has no colour"
        for flags, env in ((["--no-color"], {}), ([], {"NO_COLOR": "1"})):
            with w.console(*flags, env=env) as c:
                for name in TABS:
                    c.tab(name)
                    assert not any(coloured.search(line) for line in c.styled()), name
        with w.console(env={"NO_COLOR": ""}) as c:
            c.wait("No campaigns yet")
            assert any(coloured.search(line) for line in c.styled()), "an empty NO_COLOR counts as none"


def plain_terminals_show_it_too():
    with Place(start=False) as w:
        for term in ("vt100", "linux", "screen", "tmux-256color"):
            with w.console(term=term, width=80, height=24) as c:
                for name in TABS:
                    c.tab(name)
                    check_frame(c)
                c.key("q")
                assert c.wait_exit() == 0


def without_a_terminal_it_tells_how_things_stand():
    with Place(start=False) as w:
        for env in ({}, {"TERM": "xterm"}):
            done = subprocess.run(w.argv(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                                  env={**world.ENV, **env})
            assert done.returncode == 2, done
            assert "\x1b" not in done.stdout + done.stderr
            assert "configuration" in done.stdout and "canvass --help" in done.stderr, done.stdout + done.stderr


# --- the terminal afterwards


def in_a_shell(w):
    """A console started from a shell, that tells the settings of the terminal before and afterwards."""
    script = 'stty -g; echo "$1"; shift; "$@"; echo "ended with $?"; stty -g; exec cat'
    return ["sh", "-c", script, "sh", "the screen before", *w.argv()]


def restored(c, how):
    c.wait("ended with")
    text = c.text()
    assert "the screen before" in text, f"{how}: the screen is not back\n" + c.framed()
    settings = re.findall(r"^[0-9a-f]+(?::[0-9a-f]+)+$", text, re.M)
    assert len(settings) == 2 and settings[0] == settings[1], f"{how}: stty {settings}"
    assert c.flag("alternate_on") == "0", how
    assert c.flag("cursor_flag") == "1", how
    assert c.flag("mouse_any_flag") == "0", how
    assert c.flag("keypad_flag") == "0" and c.flag("keypad_cursor_flag") == "0", how
    return int(re.search(r"ended with (\d+)", text).group(1))


def the_terminal_is_as_it_was():
    with Place(start=False) as w:
        for how, number, status in (("q", None, 0), ("SIGTERM", signal.SIGTERM, 0), ("SIGHUP", signal.SIGHUP, 0),
                                    ("SIGSEGV", signal.SIGSEGV, 128 + signal.SIGSEGV), ("SIGABRT", signal.SIGABRT, 128 + signal.SIGABRT)):
            c = Console.__new__(Console)
            c.world = w
            super(Console, c).__init__(in_a_shell(w))
            with c:
                c.wait("No campaigns yet")
                assert c.flag("alternate_on") == "1"
                if number:
                    [pid] = w.running()
                    os.kill(pid, number)
                else:
                    c.key("q")
                assert restored(c, how) == status, how + "\n" + c.framed()
                if status:
                    c.wait("stopped by a fault of its own")
                    c.wait("canvass.log")


# --- sending


def replies_arrive_on_the_monitor():
    with Place(customers=1500, settings=["sms.per_second=200"], sim_flags=["--speed", "2000", "--seed", "5"]) as w:
        campaign, targeted = begin(w, SOME)
        with w.console() as c:
            c.tab("Monitor")
            c.wait(rf"all = {targeted:,} targeted ✓")
            c.wait(r"contacted [1-9]")
            c.wait(r"responded [1-9]")
            c.wait(r"\d\d:\d\d:\d\d  \S.* sms ", deadline=40)
            c.wait(r"Inbox \(\d+\)", row=1)
            c.wait("STOP .*opted out", deadline=40)
            c.wait_for(lambda: once_each(w, targeted), "everybody has it once", 60)
            c.tab("Campaigns")
            c.wait(r"complete +Autumn recall", deadline=40)
        stats = w.json("campaign", "stats", str(campaign))
        assert stats["targeted"] == targeted == sum(stats["states"].values())


def pause_and_resume():
    with Place(settings=["sms.per_second=15"], sim_flags=["--no-replies", "--speed", "2000"]) as w:
        campaign, targeted = begin(w, **SILENT)
        assert targeted >= 45, targeted
        with w.console() as c:
            c.wait("● active .*Autumn recall")
            c.wait_for(lambda: len(w.accepted()) >= 5, "some are sent")
            c.key("Space")
            c.wait(r"Autumn recall paused: \d+ still to send. *u undo")
            c.wait("◌ paused .*Autumn recall")
            c.wait_for(lambda: w.json("campaign", "stats", str(campaign))["states"]["sending"] == 0, "calls under way end")
            held = len(w.accepted())
            assert held < targeted
            c.stays(lambda: len(w.accepted()) == held, "paused")
            c.key("Space")
            c.wait("Autumn recall resumed")
            c.wait("● active .*Autumn recall")
            c.wait_for(lambda: len(w.accepted()) > held, "it goes on")
            c.key("u")
            c.wait("Autumn recall paused again.")
            c.key("Space")
            c.wait("✓ complete .*Autumn recall", deadline=60)
            assert once_each(w, targeted)


def a_canary_goes_on_at_an_operators_word():
    canary = {"recipients": 5, "hold_minutes": 0, "go": "operator"}
    with Place(sim_flags=["--speed", "2000", "--no-replies"], settings=["sms.per_second=200"]) as w:
        campaign, count = begin(w, SOME, canary=canary, **SILENT)
        with w.console() as c:
            c.wait_for(lambda: len(w.accepted()) == 5, "the first five are out")
            c.tab("Monitor")
            c.wait("canary: of 5 first ones")
            c.tab("Campaigns")
            c.key("Enter")
            c.wait("Why it waits")
            c.wait("the others wait")
            check_frame(c)
            c.wait("y let the rest go", row=-1)
            c.key("y")
            c.wait("Let the rest of .* go[?]")
            c.key("Escape")
            c.wait("Let the rest of .* go[?]", gone=True)
            c.stays(lambda: len(w.accepted()) == 5, "nobody has said yes", 1)
            c.key("y")
            c.wait("Let them go")
            c.key("Right", "Enter")
            c.wait_for(lambda: len(w.accepted()) == count, "the others are out")
            c.wait("Why it waits", gone=True)


def why_nothing_goes_out_is_on_the_screen():
    with Place(sim_flags=["--speed", "2000"]) as w:
        begin(w, schedule={"start": "now", "quiet_hours": closed_hours()}, **SILENT)
        for width, height in ((80, 24), (100, 30), (160, 50)):
            with w.console(width=width, height=height) as c:
                c.tab("Campaigns")
                c.key("Enter")
                c.wait("Why it waits")
                c.wait("quiet hours")
                check_frame(c)
                c.tab("Monitor")
                c.wait(r"\d+ waits?: quiet hours in \S+ until \d\d:\d\d")
                check_frame(c)
        assert not w.accepted()


def a_campaign_becomes_a_file():
    with Place(sim_flags=["--speed", "2000"], settings=["sms.per_second=200"]) as w:
        campaign, count = begin(w, **SILENT)
        w.run("run", "--until-idle")
        with w.console() as c:
            c.tab("Campaigns")
            c.command("export json")
            c.wait(f"{count} recipients written to .*")
            c.command("export doc")
            c.wait("Not a kind of file: doc")
        [path] = glob.glob(os.path.join(w.home, "exports", f"campaign-{campaign}-*.json"))
        assert os.stat(path).st_mode & 0o777 == 0o600
        assert len(json.load(open(path, encoding="utf-8"))["recipients"]) == count


def stop_all_and_start_all():
    with Place(settings=["sms.per_second=15"], sim_flags=["--no-replies", "--speed", "2000"]) as w:
        campaign, targeted = begin(w, **SILENT)
        with w.console() as c:
            c.tab("Monitor")
            c.wait_for(lambda: len(w.accepted()) >= 5, "some are sent")
            plain = c.styled()[0].split("canvass")[0]
            c.key("!")
            c.wait("ALL SENDING STOPPED ✗", row=0)
            assert c.styled()[0].split("canvass")[0] != plain, "the header looks as always"
            c.wait_for(lambda: w.json("campaign", "stats", str(campaign))["states"]["sending"] == 0, "calls under way end")
            held = len(w.accepted())
            assert held < targeted
            c.stays(lambda: len(w.accepted()) == held, "stopped")
            c.tab("Dashboard")
            c.wait("All sending is stopped")
            c.tab("Monitor")
            c.command("start-all")
            c.wait("engine ✓", row=0)
            assert c.styled()[0].split("canvass")[0] == plain
            c.wait_for(lambda: once_each(w, targeted), "everybody has it once", 60)


def whoever_says_stop_gets_nothing_more():
    with Place(settings=["sms.per_second=200"], sim_flags=["--no-replies", "--speed", "2000"]) as w:
        _, targeted = begin(w)
        with w.console() as c:
            c.tab("Monitor")
            c.wait_for(lambda: once_each(w, targeted), "everybody has it once")
            stops, talks = w.accepted()[0]["to"], w.accepted()[1]["to"]
            w.customer_says(stops, "STOP")
            c.wait(r"STOP +STOP +opted out")
            c.wait("opted out 1 ")
            c.wait("✓ Autumn recall")
            c.wait("0 · 1 ended lately")
            c.key("Enter")
            c.wait(re.escape(stops) + ".*opted out")
            # the agent does not answer, and neither can the operator
            w.customer_says(stops, "are you still there?")
            c.wait("are you still there")
            c.key("e")
            c.wait("Your answer")
            c.type("One more thing")
            c.key("Tab", "Enter")
            c.wait("opted out", row=-2)
            c.wait("One more thing")  # what was typed is not lost
            c.key("Escape")
            w.customer_says(talks, "too expensive")
            c.wait_for(lambda: len(w.accepted(talks)) == 2, "the agent asks the other its next question")
            assert len(w.accepted(stops)) == 1
        assert stops in {x["address"] for x in w.json("suppress", "list")["suppressions"]}
        # and another campaign leaves them out
        again = w.create(name="Winter", segment=FEW, **SILENT)
        assert w.launch(again) == targeted - 1
        w.run("run", "--until-idle")
        assert len(w.accepted(stops)) == 1
        assert len(w.accepted(talks)) >= 3


def a_conversation_by_an_operator():
    with Place(settings=["sms.per_second=200"], sim_flags=["--no-replies", "--speed", "2000"]) as w:
        _, targeted = begin(w)
        with w.console() as c:
            c.wait_for(lambda: once_each(w, targeted), "everybody has it once")
            number = w.accepted()[0]["to"]
            w.customer_says(number, "Do you open on Sundays?")
            c.wait_for(lambda: len(w.accepted(number)) == 2, "the agent asks its next question")
            c.tab("Inbox")
            c.wait("Do you open on Sundays")
            c.key("Enter")
            c.wait("agent asks")
            c.key("e")
            c.wait("Your answer")
            c.type("Only from ten to two; shall I note it?")
            c.wait("38 characters, 1 segment")
            c.key("Tab", "Enter")
            c.wait_for(lambda: [r["body"] for r in w.accepted(number)][2:] == ["Only from ten to two; shall I note it?"], "the answer goes out")
            c.wait("operator, (sent|delivered)")
            c.wait("handed over to you")
            # the agent is silent now, until it is given back
            w.customer_says(number, "Yes please")
            c.wait("Yes please")
            c.key("s")
            c.wait("Outcome")
            c.type("appointment_booked")
            c.key("Tab", "Right", "Tab")
            c.type("11")
            c.key("Tab")
            c.wait("1 to 10")
            c.key("Enter")
            c.wait("(?i)(between|from|at most|1 to|less).*10")
            c.key("BTab") if not c.wait("Score +11") else None
            shown = w.json("inbox", "list")["conversations"][0]
            assert not shown.get("score"), shown
            c.key("Escape")
            c.wait("e answer +s outcome")
            c.key("s")
            c.wait("Sentiment")
            c.type("appointment_booked")
            c.key("Tab", "Right", "Tab")
            c.type("9")
            c.key("Tab", "Enter")
            c.wait("outcome appointment_booked +score 9")
            assert len(w.accepted(number)) == 3
            c.key("h")
            c.wait("agent asks")
            c.key("h")
            c.wait("handed over to you")
            assert len(w.accepted(number)) == 3


def two_consoles_and_one_engine():
    with Place(settings=["sms.per_second=10"], sim_flags=["--no-replies", "--speed", "2000"]) as w:
        with w.console() as first:
            first.wait("engine ✓", row=0)
            _, targeted = begin(w, **SILENT)
            with w.console() as second:
                second.wait("engine elsewhere ✓", row=0)
                first.wait("engine ✓", row=0)
                first.wait(r"active .*Autumn recall")
                second.wait(r"active .*Autumn recall")
                # what one does the other shows; the one that does not send may pause
                second.key("Space")
                first.wait("◌ paused")
                second.key("Space")
                first.wait("● active")
                # the one that sends asks before it leaves; then the other goes on
                first.key("q")
                first.wait("Leave canvass")
                first.key("Escape")
                first.wait("Leave canvass", gone=True)
                first.key("q")
                first.wait("Leave canvass")
                first.key("Tab", "Enter")
                assert first.wait_exit() == 0
                second.wait("engine ✓", row=0, deadline=40)
                second.wait_for(lambda: once_each(w, targeted), "everybody has it once", 60)


# --- the wizard


def reach(c):
    """The numbers of the preview, once it has counted."""
    found = c.wait(r"(?m)│ ([\d,]+) reachable of ([\d,]+) matched")
    return tuple(int(n.replace(",", "")) for n in found.groups())


def reach_changes(c, before):
    c.wait_for(lambda: reach(c) != before, f"another count than {before}")
    return reach(c)


def to_row(c, number):
    """Moves down to a criterion of the segment step."""
    for _ in range(12):
        if re.search(rf"[▸>] *{number} ", c.text()):
            return
        line = c.flag("cursor_y")
        c.key("Down")
        c.wait_for(lambda: c.flag("cursor_y") != line, "the focus moves")
    raise AssertionError("no such row\n" + c.framed())


def to_segment(c, name, template):
    """A new campaign as far as its second step, with a template chosen."""
    c.key("n")
    c.wait("What is it[?]")
    c.type(name)
    c.wait("New campaign › " + name, row=0)
    c.wait(r"draft saved \d\d:\d\d", row=0)
    c.key("F3")
    c.wait("Who gets it[?]")
    c.key("Enter")
    c.wait("type to search")
    c.type(template.lower())
    c.wait("[▸>] *" + template)
    c.key("Enter")
    c.wait("Start from *" + template)
    return reach(c)


def choose_agent(c, name):
    c.wait("What do they get[?]")
    c.key("Enter")
    c.wait("type to search")
    c.type(name.lower())
    c.wait("[▸>] *" + re.escape(name))
    c.key("Enter")
    c.wait("Agent +" + re.escape(name))
    c.wait(r"\d+ characters, \d segments?")


def place_of_wizard(w):
    """What the draft keeps that is no campaign yet: the focus and what is half typed."""
    with contextlib.closing(sqlite3.connect(f"file:{w.home}/canvass.db?mode=ro", uri=True)) as db:
        return db.execute("SELECT coalesce(wizard, '') FROM campaign").fetchone()[0]


def the_whole_wizard_by_keys():
    with Place(customers=2000, settings=["sms.per_second=200"], sim_flags=["--no-replies", "--speed", "2000"]) as w, w.console() as c:
        c.wait("replica .*✓", row=0)
        seven_days = to_segment(c, "Autumn recall", "Started to book by SMS")
        assert 0 < seven_days[0] <= seven_days[1]
        # a value changes, and the count with it; a wrong value has its error under it and the last good count stays
        to_row(c, 4)
        c.key("Right", "Right", "BSpace")
        c.type("30")
        c.wait(r"4 last contact .*older than .* 30 +days")
        thirty_days = reach_changes(c, seven_days)
        assert thirty_days[1] <= seven_days[1]
        c.key("BSpace")
        c.type("o")
        c.wait("3o +days")
        c.key("Tab", "BTab")  # a field says what is wrong when it is left, from then on at every letter
        c.wait("✗ not a number")
        c.wait("row 4 still counted as 3 days")
        c.wait("fix row 4 first")
        c.key("F3")
        c.wait("Who gets it[?]")
        c.key("BSpace")
        c.type("0")
        c.wait("not a number", gone=True)
        c.wait_for(lambda: reach(c) == thirty_days, "the count of 30 days again")
        criteria = '{"channel":"sms","has_booking_intent":true,"has_appointment":false,"days_since_last_contact":30}'
        path = os.path.join(w.dir, "thirty.json")
        with open(path, "w", encoding="utf-8") as f:
            f.write(criteria)
        counted = w.json("segment", "count", "--criteria", path, "--channel", "sms")
        assert (counted["reach"]["reachable"], counted["matched"]) == thirty_days, counted
        c.key("F3")
        choose_agent(c, "Why didn't you book?")
        c.wait("Hi .*, Ava from")
        c.key("F3")
        people = thirty_days[0]
        c.wait(f"Type {people:,} to launch")
        # a wrong number does not launch
        c.type(str(people + 1))
        c.wait(f"Type {people:,} to launch: +{people + 1}")
        c.key("Tab", "Enter")
        c.wait("not now", row=-2)
        c.stays(lambda: not w.ledger(), "nothing is sent", 0.7)
        c.key("BTab", "C-u")
        c.type(str(people))
        c.wait(f"Type {people:,} to launch: +{people} ")
        c.key("Tab", "Enter")
        c.wait("Type .* to launch", gone=True)
        c.wait_for(lambda: once_each(w, people), "everybody has it once", 60)
        [campaign] = w.json("campaign", "list")["campaigns"]
        assert campaign["targeted"] == people, campaign


def a_draft_goes_on_where_it_was():
    with Place(customers=1000) as w:
        with w.console() as c:
            c.wait("replica .*✓", row=0)
            to_segment(c, "Winter", "Quiet for three months")
            c.key("F3")
            choose_agent(c, "Why didn't you book?")
            c.key("Tab", "n")  # not in a text field: no second wizard
            c.wait("in the wizard already", row=-2)
            c.key("Tab", "End")
            c.type(" Half a sen")
            c.wait("Half a sen")
            c.wait_for(lambda: "Half a sen" in w.run("campaign", "show", "1", "--json").stdout, "it is in the draft", 5)
            c.key("Escape")
            c.wait("○ draft .*Winter")
            c.key("q")
            assert c.wait_exit() == 0
        # it goes on in the field, at the letter; then the program is killed while a value is wrong
        with w.console() as c:
            c.wait("○ draft .*Winter")
            c.key("Enter")
            c.wait("What do they get[?]")
            c.wait("Half a sen")
            c.type("tence.")
            c.wait("Half a sentence[.]")
            c.key("F2")
            c.wait("Who gets it[?]")
            reach(c)
            to_row(c, 2)
            c.key("Right", "Right")
            c.type("x")
            c.wait(r"\dx +days")
            c.key("Tab", "BTab")
            c.wait("✗ not a number")
            c.wait_for(lambda: "Half a sentence." in w.run("campaign", "show", "1", "--json").stdout, "it is in the draft", 5)
            c.type("y")
            c.wait(r"\dxy +days")
            c.wait_for(lambda: "xy" in place_of_wizard(w), "what is half typed is saved within a second", 3)
            [pid] = w.running()
            os.kill(pid, signal.SIGKILL)
            c.wait_exit()
        with w.console() as c:
            c.wait("○ draft .*Winter")
            c.key("Enter")
            c.wait("Who gets it[?]")
            c.wait(r"\dxy +days")
            c.wait("✗ not a number")
            c.key("BSpace", "BSpace")
            c.wait("not a number", gone=True)
            assert reach(c)[0] > 0
            c.key("F3")
            c.wait("Half a sentence[.]")
            c.key("F3")
            c.wait("Type .* to launch")
            assert not w.ledger()


def processor_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
        words = f.read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def a_line_that_takes_nothing_holds_nobody_up():
    """Ctrl-S, or a connection that hangs: the console goes on, waits in peace, and shows it all when the line does again."""
    with Place(customers=1000) as w, w.console() as c:
        c.wait("replica .*✓", row=0)
        to_segment(c, "Winter", "Quiet for three months")
        c.key("F3")
        choose_agent(c, "Why didn't you book?")
        c.key("Tab", "n")
        c.wait("in the wizard already", row=-2)
        c.key("Tab", "End")
        line = os.open(f"/proc/{c.pid()}/fd/0", os.O_RDWR | os.O_NOCTTY)
        try:
            termios.tcflow(line, termios.TCOOFF)
            c.type(" Typed in the dark.")
            c.wait_for(lambda: "Typed in the dark." in w.run("campaign", "show", "1", "--json").stdout, "it is in the draft")
            used = processor_seconds(c.pid())
            c.stays(lambda: "Typed in the dark." not in c.text(), "the line takes nothing")
            assert processor_seconds(c.pid()) - used < 0.75, "it waits in peace"
        finally:
            termios.tcflow(line, termios.TCOON)
            os.close(line)
        c.wait("Typed in the dark[.]")


TESTS = [an_empty_world_names_the_next_step, every_screen_opens_at_80x24, footer_keys_are_in_the_help, any_size_at_any_moment,
         keys_of_other_terminals,
         ascii_and_plain_locales, no_colour_where_it_is_not_wanted, plain_terminals_show_it_too,
         without_a_terminal_it_tells_how_things_stand, the_terminal_is_as_it_was, replies_arrive_on_the_monitor,
         pause_and_resume, a_canary_goes_on_at_an_operators_word, why_nothing_goes_out_is_on_the_screen,
         a_campaign_becomes_a_file, stop_all_and_start_all, whoever_says_stop_gets_nothing_more, a_conversation_by_an_operator,
         two_consoles_and_one_engine, the_whole_wizard_by_keys, a_draft_goes_on_where_it_was,
         a_line_that_takes_nothing_holds_nobody_up]

if __name__ == "__main__":
    world.main(TESTS)
