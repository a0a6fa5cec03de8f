/*
 * The real canvass-relay: killed at random moments, stopped politely, on a full disk. Whatever it
 * has answered with 2xx must be there afterwards, exactly as it was sent.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "core/base/buf.h"
#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/webhook/form.h"
#include "core/webhook/twilio_signature.h"
#include "loopback.h"
#include "temp_folder.h"

#define PUBLIC_URL "https://hooks.example.com"
#define TARGET "/hooks/twilio/status?att=7"
#define TOKEN_HEADER "Authorization: Bearer console-secret\r\n"

enum { POSTERS = 6, KILLS = 12, BODIES_MAX = 200000 };

struct world {
    char folder[TEMP_FOLDER_PATH];
    char *program, *config, *port_file;
    pid_t pid; /* 0: not running */
    atomic_uint port;
    atomic_bool enough;
    atomic_int answered; /* with 2xx, by all posters */
    rlim_t file_limit;   /* 0: none */
};

static char *
path_in(const struct world *w, const char *name)
{
    return mem_printf("%s/%s", w->folder, name);
}

static void
put_file(const struct world *w, const char *name, const char *text)
{
    char *path = path_in(w, name);
    struct error err = {0};

    if (!file_write_atomic(path, text, strlen(text), 0600, &err))
        fail_msg("%s", err.text);
    free(path);
}

static int
start_world(void **state)
{
    struct world *w = mem_alloc(sizeof *w);
    char self[4096] = "";
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    char *cut = self;

    assert_true(len > 0);
    /* <build>/tests/unit/relay/test_program -> <build>/canvass-relay */
    for (int i = 0; i < 4 && cut; i++) {
        cut = strrchr(self, '/');
        if (cut)
            *cut = '\0';
    }
    w->program = mem_printf("%s/canvass-relay", self);
    temp_folder_make(w->folder);
    w->config = path_in(w, "relay.yaml");
    w->port_file = path_in(w, "port");
    put_file(w, "token", "console-secret\n");
    put_file(w, "twilio", "twilio-secret\n");
    put_file(w, "relay.yaml",
             "listen: \"127.0.0.1:0\"\npublic_url: \"" PUBLIC_URL "\"\n"
             "token_file: token\ntwilio: {auth_token_file: twilio}\n");
    *state = w;
    return 0;
}

/* The child's side of starting: only calls that are allowed after fork. */
static void
become_relay(const struct world *w, int log_fd)
{
    char *const argv[] = {
        w->program, (char[]){"--config"}, w->config, (char[]){"--port-file"}, w->port_file, NULL};

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failing test leaves nothing behind */
    if (w->file_limit) {
        const struct rlimit limit = {w->file_limit, RLIM_INFINITY};

        (void)signal(SIGXFSZ, SIG_IGN);
        (void)setrlimit(RLIMIT_FSIZE, &limit);
    }
    if (dup2(log_fd, STDERR_FILENO) >= 0)
        (void)execv(w->program, argv);
    _exit(127);
}

static void
sleep_ms(long ms)
{
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    (void)nanosleep(&t, NULL);
}

static bool
read_port(struct world *w)
{
    struct buf text = {0};
    struct error err = {0};
    int64_t port = 0;
    bool ok = false;

    if (file_exists(w->port_file) && file_read(w->port_file, 16, &text, &err) && text.len > 1) {
        text.data[text.len - 1] = '\0';
        ok = num_parse_i64(text.data, &port);
    }
    buf_release(&text);
    if (ok)
        atomic_store(&w->port, (unsigned)port);
    return ok;
}

static void
launch(struct world *w)
{
    char *log = path_in(w, "log");
    int log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const int64_t until = utime_mono_ms() + 20000;

    free(log);
    assert_true(log_fd >= 0);
    (void)unlink(w->port_file);
    w->pid = fork();
    assert_true(w->pid >= 0);
    if (w->pid == 0)
        become_relay(w, log_fd);
    (void)close(log_fd);
    while (!read_port(w)) {
        if (waitpid(w->pid, NULL, WNOHANG) != 0 || utime_mono_ms() > until)
            fail_msg("%s did not start", w->program);
        sleep_ms(2);
    }
}

/* Sends the signal and returns the wait status. */
static int
end(struct world *w, int signal_number)
{
    int status = 0;

    assert_int_equal(kill(w->pid, signal_number), 0);
    assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
    w->pid = 0;
    return status;
}

static int
stop_world(void **state)
{
    struct world *w = *state;

    if (w->pid)
        (void)end(w, SIGKILL);
    temp_folder_remove(w->folder);
    free(w->program);
    free(w->config);
    free(w->port_file);
    free(w);
    return 0;
}

/* Posts until enough; remembers what was answered with 2xx. */
struct poster {
    struct world *w;
    int number;
    char **kept; /* owned bodies */
    size_t count, capacity;
    int refused; /* answers that were no 2xx */
};

static int
post(struct world *w, const char *body)
{
    struct form form = {0};
    struct error err = {0};
    char signature[TWILIO_SIGNATURE_SIZE];
    char *headers;
    struct loopback_answer answer;
    int status;

    if (!form_parse(body, strlen(body), &form, &err))
        return -1;
    twilio_signature_make("twilio-secret", PUBLIC_URL TARGET, &form, signature);
    form_release(&form);
    headers = mem_printf("Content-Type: application/x-www-form-urlencoded\r\n"
                         "X-Twilio-Signature: %s\r\n",
                         signature);
    answer = loopback_ask((uint16_t)atomic_load(&w->port), "POST", TARGET, headers, body);
    status = answer.status;
    loopback_answer_release(&answer);
    free(headers);
    return status;
}

static void *
keep_posting(void *arg)
{
    struct poster *p = arg;

    for (int i = 0; !atomic_load(&p->w->enough) && p->count < BODIES_MAX; i++) {
        char *body = mem_printf("MessageSid=SM%d-%d&Body=%%C3%%A9+%*s", p->number, i, i % 300, "");
        int status;

        for (char *c = body; *c; c++)
            if (*c == ' ')
                *c = '+';
        status = post(p->w, body);
        if (status == 200) {
            p->kept = mem_grow(p->kept, p->count, &p->capacity, sizeof *p->kept);
            p->kept[p->count++] = body;
            atomic_fetch_add(&p->w->answered, 1);
        } else {
            p->refused += status != 0;
            free(body);
            sleep_ms(1); /* the relay is away */
        }
    }
    return NULL;
}

static int
compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct stored {
    char **bodies; /* sorted */
    size_t count, capacity;
};

static bool
take_page(struct world *w, struct stored *all, struct buf *cursor)
{
    char *target = mem_printf("/v1/events?limit=500&after=%s", buf_str(cursor));
    struct loopback_answer answer =
        loopback_ask((uint16_t)atomic_load(&w->port), "GET", target, TOKEN_HEADER, NULL);
    json_error_t why;
    json_t *page = json_loads(answer.body, 0, &why);
    json_t *event;
    size_t i;
    bool more = json_is_true(json_object_get(page, "more"));

    assert_int_equal(answer.status, 200);
    json_array_foreach(json_object_get(page, "events"), i, event)
    {
        assert_int_equal(json_integer_value(json_object_get(event, "seq")), all->count + 1);
        assert_string_equal(json_string_value(json_object_get(event, "url")), PUBLIC_URL TARGET);
        all->bodies = mem_grow(all->bodies, all->count, &all->capacity, sizeof *all->bodies);
        all->bodies[all->count++] = mem_strdup(json_string_value(json_object_get(event, "body")));
    }
    buf_clear(cursor);
    buf_add_str(cursor, json_string_value(json_object_get(page, "next")));
    json_decref(page);
    loopback_answer_release(&answer);
    free(target);
    return more;
}

/* Every body answered with 2xx is in the relay; returns how many that were. */
static size_t
check_kept(struct world *w, struct poster *posters, size_t count)
{
    struct stored all = {0};
    struct buf cursor = {0};
    size_t kept = 0;

    while (take_page(w, &all, &cursor))
        ;
    if (all.count)
        qsort(all.bodies, all.count, sizeof *all.bodies, compare_texts);
    for (size_t p = 0; p < count; p++) {
        for (size_t i = 0; i < posters[p].count; i++) {
            const char *body = posters[p].kept[i];

            if (!all.count ||
                !bsearch(&body, all.bodies, all.count, sizeof *all.bodies, compare_texts))
                fail_msg("answered with 2xx and lost: %.60s", body);
            free(posters[p].kept[i]);
        }
        kept += posters[p].count;
        free(posters[p].kept);
    }
    for (size_t i = 0; i < all.count; i++)
        free(all.bodies[i]);
    free(all.bodies);
    buf_release(&cursor);
    return kept;
}

static void
start_posters(struct world *w, struct poster *posters, pthread_t *threads)
{
    atomic_store(&w->enough, false);
    for (int i = 0; i < POSTERS; i++) {
        posters[i] = (struct poster){.w = w, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, keep_posting, &posters[i]), 0);
    }
}

static void
stop_posters(struct world *w, pthread_t *threads)
{
    atomic_store(&w->enough, true);
    for (int i = 0; i < POSTERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

/* Comes back in the middle of the traffic: when so many more were answered with 2xx. */
static void
wait_answered(struct world *w, int more)
{
    int goal = atomic_load(&w->answered) + more;

    for (int i = 0; atomic_load(&w->answered) < goal; i++) {
        assert_true(i < 60000);
        sleep_ms(1);
    }
}

static void
kill_9__loses_nothing_that_was_answered(void **state)
{
    struct world *w = *state;
    struct poster posters[POSTERS];
    pthread_t threads[POSTERS];
    int refused = 0;

    launch(w);
    start_posters(w, posters, threads);
    for (int i = 0; i < KILLS; i++) {
        uint8_t byte;

        random_bytes(&byte, sizeof byte);
        wait_answered(w, 1 + byte % 32);
        assert_true(WIFSIGNALED(end(w, SIGKILL)));
        launch(w);
    }
    stop_posters(w, threads);
    for (int i = 0; i < POSTERS; i++)
        refused += posters[i].refused;
    assert_int_equal(refused, 0);
    assert_true(check_kept(w, posters, POSTERS) > 20);
}

static void
sigterm__answers_and_keeps_what_has_arrived(void **state)
{
    static const int signals[] = {SIGTERM, SIGINT};
    struct world *w = *state;
    struct poster posters[POSTERS];
    pthread_t threads[POSTERS];

    launch(w);
    start_posters(w, posters, threads);
    for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
        int status;

        wait_answered(w, 20);
        status = end(w, signals[i]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
        launch(w);
    }
    stop_posters(w, threads);
    assert_true(check_kept(w, posters, POSTERS) > 20);
}

static void
full_disk__is_told_as_503_and_what_was_answered_stays(void **state)
{
    struct world *w = *state;
    struct poster p = {.w = w};
    struct loopback_answer health;
    int status = 200;
    char *filler = mem_alloc(8001);

    memset(filler, 'x', 8000);
    w->file_limit = 512 * 1024;
    launch(w);
    for (int i = 0; i < 2000 && status == 200; i++) {
        char *body = mem_printf("MessageSid=SM%d&Body=%s", i, filler);

        status = post(w, body);
        if (status == 200) {
            p.kept = mem_grow(p.kept, p.count, &p.capacity, sizeof *p.kept);
            p.kept[p.count++] = body;
        } else {
            free(body);
        }
    }
    assert_int_equal(status, 503);
    health = loopback_ask((uint16_t)atomic_load(&w->port), "GET", "/v1/health", "", NULL);
    assert_int_equal(health.status, 503);
    assert_non_null(strstr(health.body, "\"ok\":false"));
    loopback_answer_release(&health);
    /* Room is made: it goes on by itself. */
    assert_int_equal(
        prlimit(w->pid, RLIMIT_FSIZE, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY}, NULL), 0);
    assert_int_equal(post(w, "MessageSid=SMnext"), 200);
    health = loopback_ask((uint16_t)atomic_load(&w->port), "GET", "/v1/health", "", NULL);
    assert_string_equal(health.body, "{\"ok\":true}");
    loopback_answer_release(&health);
    (void)end(w, SIGKILL);
    w->file_limit = 0;
    launch(w);
    assert_int_equal(post(w, "MessageSid=SMlast"), 200);
    assert_true(check_kept(w, &p, 1) > 5);
    free(filler);
}

static int
exit_of(struct world *w, const char *flag, const char *value)
{
    int status = 0;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        char *const argv[] = {w->program, (char *)(uintptr_t)flag, (char *)(uintptr_t)value, NULL};
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

        (void)dup2(null, STDOUT_FILENO);
        (void)dup2(null, STDERR_FILENO);
        (void)execv(w->program, argv);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
flags__end_with_the_right_code(void **state)
{
    struct world *w = *state;

    assert_int_equal(exit_of(w, "--help", NULL), 0);
    assert_int_equal(exit_of(w, "--version", NULL), 0);
    assert_int_equal(exit_of(w, "--lisen", "x"), 2);
    assert_int_equal(exit_of(w, "--config", NULL), 2);
    assert_int_equal(exit_of(w, "--config=", NULL), 2);
    assert_int_equal(exit_of(w, "loose", NULL), 2);
    assert_int_equal(exit_of(w, NULL, NULL), 1);
    assert_int_equal(exit_of(w, "--config", "/no/such/file"), 1);
    put_file(w, "relay.db", "this is no database, and long enough to be looked at by SQLite .....");
    assert_int_equal(exit_of(w, "--config", w->config), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(kill_9__loses_nothing_that_was_answered, start_world,
                                        stop_world),
        cmocka_unit_test_setup_teardown(sigterm__answers_and_keeps_what_has_arrived, start_world,
                                        stop_world),
        cmocka_unit_test_setup_teardown(full_disk__is_told_as_503_and_what_was_answered_stays,
                                        start_world, stop_world),
        cmocka_unit_test_setup_teardown(flags__end_with_the_right_code, start_world, stop_world),
    };

    return cmocka_run_group_tests_name("relay program", tests, NULL, NULL);
}
