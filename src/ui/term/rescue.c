#include "ui/term/rescue.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/cc.h"

static struct {
    char bytes[512];
    size_t len;
    char note[600];
    size_t note_len;
    struct termios tty;
    bool have_tty;
    volatile sig_atomic_t armed, resize, quit;
    int fds[2];
    bool have_fds;
} rescue;

static const int crash_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
static const int quit_signals[] = {SIGTERM, SIGHUP, SIGINT};
static struct sigaction old_crash[ARRAY_LEN(crash_signals)];
static struct sigaction old_quit[ARRAY_LEN(quit_signals)];
static struct sigaction old_winch, old_pipe;

/* tigetstr() has two ways to say that there is no such string (curs_terminfo(3)). */
static bool
is_string(const char *s)
{
    return s && s != (char *)-1; /* NOLINT(performance-no-int-to-ptr): so it is defined */
}

static void
add_bytes(const char *s)
{
    size_t len = is_string(s) ? strlen(s) : 0;

    if (len > 0 && rescue.len + len < sizeof rescue.bytes) {
        memcpy(rescue.bytes + rescue.len, s, len);
        rescue.len += len;
    }
}

static void
add_capability(const char *name)
{
    char cap[16];

    (void)snprintf(cap, sizeof cap, "%s", name);
    add_bytes(tigetstr(cap));
}

void
rescue_prepare(const char *crash_note)
{
    rescue.have_tty = tcgetattr(STDIN_FILENO, &rescue.tty) == 0;
    (void)snprintf(rescue.note, sizeof rescue.note,
                   "\r\ncanvass stopped by a fault of its own. %s\r\n",
                   crash_note ? crash_note : "");
    rescue.note_len = strlen(rescue.note);
    if (!rescue.have_fds && pipe2(rescue.fds, O_NONBLOCK | O_CLOEXEC) == 0)
        rescue.have_fds = true;
}

/* The bytes that bring the terminal back, while curses knows which it is. */
static void
prepare_bytes(void)
{
    rescue.len = 0;
    if (is_string(tigetstr("kmous"))) {
        add_bytes("\033[?1000l\033[?1002l\033[?1006l");
        add_bytes("\033[?2004l");
    }
    add_capability("sgr0");
    add_capability("op");
    add_capability("cnorm");
    add_capability("rmkx");
    add_capability("rmcup");
}

static void
write_all(int fd, const char *s, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, s, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        s += n;
        len -= (size_t)n;
    }
}

void
rescue_now(void)
{
    if (!rescue.armed)
        return;
    rescue.armed = 0;
    write_all(STDOUT_FILENO, rescue.bytes, rescue.len);
    if (rescue.have_tty)
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &rescue.tty);
}

static void
on_crash(int sig)
{
    rescue_now();
    write_all(STDOUT_FILENO, rescue.note, rescue.note_len);
    (void)signal(sig, SIG_DFL);
    (void)raise(sig);
}

static void
wake(void)
{
    int saved = errno;
    if (rescue.have_fds)
        write_all(rescue.fds[1], "s", 1);
    errno = saved;
}

static void
on_quit(int sig)
{
    (void)sig;
    rescue.quit = 1;
    wake();
}

static void
on_resize(int sig)
{
    (void)sig;
    rescue.resize = 1;
    wake();
}

static void
set_handler(int sig, void (*handler)(int), struct sigaction *old)
{
    struct sigaction action = {.sa_handler = handler};

    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(sig, &action, old);
}

void
rescue_arm(void)
{
    prepare_bytes();
    for (size_t i = 0; i < ARRAY_LEN(crash_signals); i++)
        set_handler(crash_signals[i], on_crash, &old_crash[i]);
    for (size_t i = 0; i < ARRAY_LEN(quit_signals); i++)
        set_handler(quit_signals[i], on_quit, &old_quit[i]);
    set_handler(SIGWINCH, on_resize, &old_winch);
    set_handler(SIGPIPE, SIG_IGN, &old_pipe);
    rescue.armed = 1;
}

void
rescue_disarm(void)
{
    if (!rescue.armed)
        return;
    rescue.armed = 0;
    for (size_t i = 0; i < ARRAY_LEN(crash_signals); i++)
        (void)sigaction(crash_signals[i], &old_crash[i], NULL);
    for (size_t i = 0; i < ARRAY_LEN(quit_signals); i++)
        (void)sigaction(quit_signals[i], &old_quit[i], NULL);
    (void)sigaction(SIGWINCH, &old_winch, NULL);
    (void)sigaction(SIGPIPE, &old_pipe, NULL);
}

int
rescue_fd(void)
{
    return rescue.have_fds ? rescue.fds[0] : -1;
}

void
rescue_clear(void)
{
    char bytes[64];

    while (rescue.have_fds && read(rescue.fds[0], bytes, sizeof bytes) > 0)
        ;
}

bool
rescue_take_resize(void)
{
    bool was = rescue.resize != 0;
    rescue.resize = 0;
    return was;
}

bool
rescue_should_quit(void)
{
    return rescue.quit != 0;
}
