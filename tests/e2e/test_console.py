#!/usr/bin/env python3
"""The console as an operator uses it: the real program in a terminal, with keys, and what came of it at the provider."""
import collections
import os
import re
import signal
import subprocess
import sys

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


TESTS = [an_empty_world_names_the_next_step, every_screen_opens_at_80x24, footer_keys_are_in_the_help, any_size_at_any_moment,
         ascii_and_plain_locales, no_colour_where_it_is_not_wanted, plain_terminals_show_it_too,
         without_a_terminal_it_tells_how_things_stand, the_terminal_is_as_it_was, replies_arrive_on_the_monitor,
         pause_and_resume, stop_all_and_start_all, whoever_says_stop_gets_nothing_more, a_conversation_by_an_operator,
         two_consoles_and_one_engine]

if __name__ == "__main__":
    world.main(TESTS)
