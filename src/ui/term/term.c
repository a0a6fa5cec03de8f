#include "ui/term/term.h"

#include <assert.h>
#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <term.h>
#include <unistd.h>
#include <wchar.h>

#include "core/base/env.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "ui/term/rescue.h"

#define KEY_PASTE_BEGIN 2001
#define KEY_PASTE_END 2002
#define PAIR_MAX 240 /* colour pairs that are kept; old ones are made anew */

static struct {
    bool open;
    bool utf8; /* what the locale of the terminal can show */
    SCREEN *screen;
    struct grid grid;  /* what should be there */
    struct grid shown; /* what was flushed last */
    bool redraw;
    bool pasting;
    bool mouse;
    enum term_depth depth;
    struct theme theme;
    struct {
        int fg, bg;
    } pairs[PAIR_MAX];
    int pair_count;
    int pair_limit;
} term;

/* --- locale and colours */

static bool
env_says_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *value = env_get(names[i]);
        if (value)
            return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
    }
    return false;
}

/* A UTF-8 locale that is named but not installed (bare Debian over SSH) is played by C.UTF-8. */
void
term_choose_locale(void)
{
    /* NOLINTBEGIN(concurrency-mt-unsafe): called before there are threads */
    bool named = setlocale(LC_CTYPE, "") != NULL;

    term.utf8 = named ? strcmp(nl_langinfo(CODESET), "UTF-8") == 0 : env_says_utf8();
    if (!named || !term.utf8)
        (void)setlocale(LC_CTYPE, "C.UTF-8");
    /* NOLINTEND(concurrency-mt-unsafe) */
}

static enum term_depth
choose_depth(bool no_color)
{
    if (no_color || env_get("NO_COLOR") || !has_colors())
        return DEPTH_MONO;
    if (COLORS >= 1 << 24)
        return DEPTH_TRUE;
    return COLORS >= 256 ? DEPTH_256 : DEPTH_16;
}

/* The pair for two colours; made on demand, since themes combine any role with any background. */
static int
pair_for(int fg, int bg)
{
    if (fg == -1 && bg == -1)
        return 0;
    for (int i = 0; i < term.pair_count; i++)
        if (term.pairs[i].fg == fg && term.pairs[i].bg == bg)
            return i + 1;
    if (term.pair_count >= term.pair_limit)
        return 0; /* 8-colour terminals have 64; a theme uses fewer */
    term.pairs[term.pair_count].fg = fg;
    term.pairs[term.pair_count].bg = bg;
    term.pair_count++;
    (void)init_extended_pair(term.pair_count, fg, bg);
    return term.pair_count;
}

static int
clamp_colour(int colour)
{
    /* an 8-colour terminal has no bright ones */
    return term.depth == DEPTH_16 && COLORS < 16 && colour > 7 ? colour - 8 : colour;
}

static attr_t
curses_attrs(const struct look *look, unsigned style)
{
    attr_t attrs = A_NORMAL;

    if ((look->attrs & LOOK_BOLD) || (style & STYLE_BOLD))
        attrs |= A_BOLD;
    if (look->attrs & LOOK_DIM)
        attrs |= A_DIM;
    if ((look->attrs & LOOK_UNDERLINE) || (style & STYLE_UNDERLINE))
        attrs |= A_UNDERLINE;
    if (((look->attrs & LOOK_REVERSE) != 0) != ((style & STYLE_REVERSE) != 0))
        attrs |= A_REVERSE;
    if (look->attrs & LOOK_ITALIC)
        attrs |= A_ITALIC;
    return attrs;
}

static void
cell_attrs(const struct cell *c, attr_t *attrs, int *pair)
{
    const struct look *looks = term.theme.looks[term.depth];
    struct look look = looks[c->style & STYLE_ROLE_MASK];

    if (c->over != ROLE_TEXT) {
        const struct look *over = &looks[c->over];
        if (look.bg == -1) {
            look.bg = over->bg;
            /* reversed, a colour of the text would become a block behind it */
            if (look.fg == -1 || (over->attrs & LOOK_REVERSE))
                look.fg = over->fg;
            look.attrs |= over->attrs & (LOOK_REVERSE | LOOK_UNDERLINE);
        }
    }
    *attrs = curses_attrs(&look, c->style);
    *pair = term.depth == DEPTH_MONO ? 0 : pair_for(clamp_colour(look.fg), clamp_colour(look.bg));
}

/* --- open and close */

/* What other terminals send that call themselves xterm (PuTTY, rxvt, tmux) or send either way. */
static const struct {
    const char *bytes;
    int key;
} other_keys[] = {
    {"\033[1~", KEY_HOME},  {"\033[7~", KEY_HOME},  {"\033[H", KEY_HOME},   {"\033OH", KEY_HOME},
    {"\033[4~", KEY_END},   {"\033[8~", KEY_END},   {"\033[F", KEY_END},    {"\033OF", KEY_END},
    {"\033[A", KEY_UP},     {"\033OA", KEY_UP},     {"\033[B", KEY_DOWN},   {"\033OB", KEY_DOWN},
    {"\033[C", KEY_RIGHT},  {"\033OC", KEY_RIGHT},  {"\033[D", KEY_LEFT},   {"\033OD", KEY_LEFT},
    {"\033[5~", KEY_PPAGE}, {"\033[6~", KEY_NPAGE}, {"\033[3~", KEY_DC},    {"\033[2~", KEY_IC},
    {"\033[Z", KEY_BTAB},   {"\033OP", KEY_F(1)},   {"\033OQ", KEY_F(2)},   {"\033OR", KEY_F(3)},
    {"\033OS", KEY_F(4)},   {"\033[11~", KEY_F(1)}, {"\033[12~", KEY_F(2)}, {"\033[13~", KEY_F(3)},
    {"\033[14~", KEY_F(4)}, {"\033[15~", KEY_F(5)}, {"\033[17~", KEY_F(6)}, {"\033[18~", KEY_F(7)},
    {"\033[19~", KEY_F(8)}, {"\033[20~", KEY_F(9)}, {"\033OM", KEY_ENTER},
};

static void
know_other_keys(void)
{
    for (size_t i = 0; i < ARRAY_LEN(other_keys); i++)
        if (key_defined(other_keys[i].bytes) == 0)
            (void)define_key(other_keys[i].bytes, other_keys[i].key);
}

static void
set_modes(void)
{
    (void)raw(); /* ^C, ^Z, ^S and ^Q are keys or nothing */
    (void)noecho();
    (void)nonl();
    (void)keypad(stdscr, TRUE);
    (void)nodelay(stdscr, TRUE);
    (void)set_escdelay(25);
    (void)idlok(stdscr, TRUE);
    (void)leaveok(stdscr, FALSE);
    (void)curs_set(0);
    (void)define_key("\033[200~", KEY_PASTE_BEGIN);
    (void)define_key("\033[201~", KEY_PASTE_END);
    know_other_keys();
}

static void
write_raw(const char *s)
{
    ssize_t n = write(STDOUT_FILENO, s, strlen(s));
    (void)n; /* the line is gone: poll tells the loop */
}

/* Terminals that do not know bracketed paste ignore it; plain ones get nothing odd. */
static bool
is_xterm_like(void)
{
    const char *name = env_get("TERM");
    return name && (strstr(name, "xterm") || strstr(name, "tmux") || strstr(name, "screen") ||
                    strstr(name, "rxvt") || strstr(name, "alacritty") || strstr(name, "kitty") ||
                    strstr(name, "foot"));
}

void
term_set_mouse(bool on)
{
    term.mouse = on;
    (void)mouseinterval(0); /* clicks at once; double clicks are told apart by the app */
    (void)mousemask(on ? BUTTON1_PRESSED | BUTTON1_CLICKED | BUTTON4_PRESSED | BUTTON5_PRESSED : 0,
                    NULL);
}

bool
term_is_usable(struct error *err)
{
    const char *name = env_get("TERM");
    bool usable = false;
    int setup = 0;

    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return error_set(err, ERR_INVALID, "no terminal");
    if (name && strcmp(name, "dumb") != 0 && setupterm(name, STDOUT_FILENO, &setup) == OK) {
        usable = cursor_address != NULL;
        (void)del_curterm(cur_term);
    }
    if (!usable)
        return error_set(
            err, ERR_INVALID,
            "the terminal \"%.60s\" cannot show a screen; set TERM, or use a subcommand",
            name ? name : "");
    return true;
}

bool
term_open(const struct term_options *options, struct error *err)
{
    if (!term_is_usable(err))
        return false;
    cells_set_mode(!term.utf8 ? CELLS_ASCII_ONLY : options->ascii ? CELLS_ASCII_SIGNS : CELLS_UTF8);
    rescue_prepare(options->crash_note);
    term.screen = newterm(NULL, stdout, stdin);
    if (!term.screen)
        return error_set(err, ERR_INVALID, "cannot set up the terminal \"%.60s\"", env_get("TERM"));
    rescue_arm();
    if (has_colors()) {
        (void)start_color();
        (void)use_default_colors();
    }
    term.depth = choose_depth(options->no_color);
    term.pair_count = 0;
    term.pair_limit = COLOR_PAIRS - 1 < PAIR_MAX ? COLOR_PAIRS - 1 : PAIR_MAX;
    set_modes();
    if (is_xterm_like())
        write_raw("\033[?2004h");
    term_set_mouse(options->mouse);
    theme_plain(&term.theme);
    grid_init(&term.grid, LINES, COLS);
    grid_init(&term.shown, LINES, COLS);
    term.redraw = true;
    term.open = true;
    mem_on_exhausted(rescue_now);
    return true;
}

void
term_close(void)
{
    if (!term.open)
        return;
    term.open = false;
    (void)mousemask(0, NULL);
    if (is_xterm_like())
        write_raw("\033[?2004l");
    (void)curs_set(1);
    (void)endwin();
    rescue_disarm();
    delscreen(term.screen);
    term.screen = NULL;
    mem_on_exhausted(NULL);
    grid_release(&term.grid);
    grid_release(&term.shown);
}

/* --- drawing */

struct grid *
term_grid(void)
{
    return &term.grid;
}

void
term_redraw(void)
{
    term.redraw = true;
}

void
term_set_theme(const struct theme *theme)
{
    term.theme = *theme;
    term.pair_count = 0; /* curses repaints what used a pair that is made anew */
    term.redraw = true;
}

enum term_depth
term_depth(void)
{
    return term.depth;
}

static void
put_cell(int y, int x, const struct cell *c)
{
    wchar_t wide[CCHARW_MAX + 1] = {0};
    size_t len = strlen(c->text);
    size_t n = 0;
    attr_t attrs;
    int pair;
    cchar_t out;

    for (size_t i = 0; i < len && n < CCHARW_MAX - 1;) {
        uint32_t cp;
        size_t used = utf8_decode(c->text + i, len - i, &cp);
        if (!used)
            break;
        wide[n++] = (wchar_t)cp;
        i += used;
    }
    cell_attrs(c, &attrs, &pair);
    if (setcchar(&out, wide, attrs, 0, &pair) == OK)
        (void)mvadd_wch(y, x, &out);
}

static bool
output_is_free(void)
{
    struct pollfd fd = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&fd, 1, 0) < 0 || (fd.revents & (POLLOUT | POLLERR | POLLHUP));
}

static bool
copy_changes(void)
{
    bool changed = false;

    for (int y = 0; y < term.grid.h; y++)
        for (int x = 0; x < term.grid.w; x++) {
            size_t i = (size_t)y * (size_t)term.grid.w + (size_t)x;
            const struct cell *c = &term.grid.cells[i];
            if (!term.redraw && memcmp(c, &term.shown.cells[i], sizeof *c) == 0)
                continue;
            changed = true;
            if (c->width > 0)
                put_cell(y, x, c);
        }
    return changed;
}

enum term_flushed
term_flush(void)
{
    bool moved = term.grid.cursor_y != term.shown.cursor_y ||
                 term.grid.cursor_x != term.shown.cursor_x ||
                 term.grid.cursor_on != term.shown.cursor_on;
    bool sent = term.redraw;

    if (!output_is_free())
        return TERM_STUCK;
    if (term.redraw) {
        (void)clearok(curscr, TRUE);
        (void)werase(stdscr);
    }
    if (copy_changes() || moved) {
        sent = true;
        if (term.grid.cursor_on != term.shown.cursor_on)
            (void)curs_set(term.grid.cursor_on ? 1 : 0);
        (void)move(term.grid.cursor_y, term.grid.cursor_x);
        (void)wnoutrefresh(stdscr);
        (void)doupdate();
        memcpy(term.shown.cells, term.grid.cells,
               (size_t)term.grid.h * (size_t)term.grid.w * sizeof *term.grid.cells);
        term.shown.cursor_y = term.grid.cursor_y;
        term.shown.cursor_x = term.grid.cursor_x;
        term.shown.cursor_on = term.grid.cursor_on;
    }
    term.redraw = false;
    return sent ? TERM_SENT : TERM_SAME;
}

void
term_bell(void)
{
    (void)beep();
}

/* --- keys */

static void
follow_size(void)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0)
        (void)resize_term(size.ws_row, size.ws_col); /* resizeterm() would push a key each time */
    grid_resize(&term.grid, LINES, COLS);
    grid_resize(&term.shown, LINES, COLS);
    term.redraw = true;
}

static const struct {
    int curses, key;
} key_table[] = {
    {KEY_UP, KEYS_UP},       {KEY_DOWN, KEYS_DOWN},  {KEY_LEFT, KEYS_LEFT},
    {KEY_RIGHT, KEYS_RIGHT}, {KEY_HOME, KEYS_HOME},  {KEY_END, KEYS_END},
    {KEY_PPAGE, KEYS_PGUP},  {KEY_NPAGE, KEYS_PGDN}, {KEY_BACKSPACE, KEYS_BACKSPACE},
    {KEY_DC, KEYS_DELETE},   {KEY_IC, KEYS_INSERT},  {KEY_BTAB, KEYS_BACKTAB},
    {KEY_ENTER, KEYS_ENTER}, {KEY_A1, KEYS_HOME},    {KEY_A3, KEYS_PGUP},
    {KEY_C1, KEYS_END},      {KEY_C3, KEYS_PGDN},
};

static bool
read_mouse(struct input *out)
{
    MEVENT m;

    if (getmouse(&m) != OK)
        return false;
    out->key = KEYS_MOUSE;
    out->y = m.y;
    out->x = m.x;
    if (m.bstate & BUTTON4_PRESSED)
        out->mouse = MOUSE_WHEEL_UP;
    else if (m.bstate & BUTTON5_PRESSED)
        out->mouse = MOUSE_WHEEL_DOWN;
    else if (m.bstate & (BUTTON1_PRESSED | BUTTON1_CLICKED))
        out->mouse = MOUSE_CLICK;
    else
        return false;
    return true;
}

/* False for what is of no interest: the caller reads on. */
static bool
translate_special(wint_t code, struct input *out)
{
    if (code == KEY_RESIZE)
        return false; /* our own handler of SIGWINCH tells */
    if (code == KEY_MOUSE)
        return read_mouse(out);
    if (code == KEY_PASTE_BEGIN || code == KEY_PASTE_END) {
        term.pasting = code == KEY_PASTE_BEGIN;
        return false;
    }
    if (code >= KEY_F(1) && code <= KEY_F(12)) {
        out->key = KEYS_F1 + (int)(code - KEY_F(1));
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(key_table); i++)
        if (key_table[i].curses == (int)code) {
            out->key = key_table[i].key;
            return true;
        }
    return false;
}

/*
 * A key that nobody knows comes as Esc and letters, all at once: they must not press keys of their
 * own. True: it was one, and is gone.
 */
static bool
swallow_unknown_key(void)
{
    wint_t first = 0;
    wint_t next = 0;
    int kind = wget_wch(stdscr, &first);

    if (kind == ERR)
        return false;
    if (kind == KEY_CODE_YES || (first != '[' && first != 'O') || wget_wch(stdscr, &next) != OK) {
        (void)(kind == KEY_CODE_YES ? ungetch((int)first) : unget_wch((wchar_t)first));
        return false;
    }
    for (int i = 0; first == '[' && (next < 0x40 || next > 0x7E) && i < 32; i++)
        if (wget_wch(stdscr, &next) != OK)
            break;
    return true;
}

bool
term_read(struct input *out)
{
    for (;;) {
        wint_t code = 0;
        int kind = wget_wch(stdscr, &code);

        *out = (struct input){.pasted = term.pasting};
        if (rescue_take_resize()) {
            if (kind != ERR &&
                !(kind == KEY_CODE_YES && code == KEY_RESIZE)) /* that key comes next */
                (void)(kind == KEY_CODE_YES ? ungetch((int)code) : unget_wch((wchar_t)code));
            follow_size();
            out->key = KEYS_RESIZE;
            return true;
        }
        if (kind == ERR)
            return false;
        if (kind == KEY_CODE_YES) {
            if (translate_special(code, out))
                return true;
            continue;
        }
        if (code == KEYS_ESC && !term.pasting && swallow_unknown_key())
            continue;
        out->key = code == '\r'               ? KEYS_ENTER
                   : code == 127 || code == 8 ? KEYS_BACKSPACE
                                              : (int)code;
        if (term.pasting && out->key == KEYS_ENTER)
            out->key = KEYS_PASTED_NEWLINE;
        else if (term.pasting && out->key < ' ')
            out->key = ' '; /* nothing that is pasted is a command */
        if (out->key != 0)
            return true;
    }
}

int
term_signal_fd(void)
{
    return rescue_fd();
}

void
term_clear_signal(void)
{
    rescue_clear();
}

bool
term_should_quit(void)
{
    return rescue_should_quit();
}

bool
term_run(char *const argv[], struct error *err)
{
    pid_t child;
    int status = 0;

    (void)def_prog_mode();
    (void)endwin();
    rescue_disarm();
    child = fork();
    if (child == 0) {
        (void)execvp(argv[0], argv);
        _exit(127);
    }
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    rescue_arm();
    (void)reset_prog_mode();
    set_modes();
    term_set_mouse(term.mouse);
    follow_size();
    if (child < 0)
        return error_set(err, ERR_INTERNAL, "cannot start %.80s: error %d", argv[0], errno);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return error_set(err, ERR_INVALID, "%.80s ended with an error; nothing was changed",
                         argv[0]);
    return true;
}
