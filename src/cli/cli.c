#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/text.h"
#include "core/base/utime.h"

/* A line a form, as --help prints them. */
static void
print_usage(const struct cli_command *command)
{
    const char *line = command->synopsis;
    const char *lead = "usage:";

    do {
        int len = (int)strcspn(line, "\n");

        (void)fprintf(stderr, "%-6s canvass %s %.*s\n", lead, command->name, len, line);
        lead = "";
        line += len + (line[len] == '\n');
    } while (*line);
}

int
cli_usage(const struct cli *cli, const struct cli_command *command, const char *fmt, ...)
{
    struct error err = {.code = ERR_INVALID};
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(err.text, sizeof err.text, fmt, args);
    va_end(args);
    (void)cli_fail(cli, &err);
    if (!cli->json)
        print_usage(command);
    return EXIT_USAGE;
}

static const struct cli_option *
option_named(const struct cli_option *options, const char *name, size_t len)
{
    for (; options && options->name; options++)
        if (strlen(options->name) == len && strncmp(options->name, name, len) == 0)
            return options;
    return NULL;
}

bool
cli_parse(const struct cli *cli, const struct cli_command *command, int argc, char **argv,
          const struct cli_option *options, const char **positional, size_t max_positional,
          size_t *positional_count)
{
    bool only_positional = false;
    size_t count = 0;

    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];
        const char *equals = strchr(arg, '=');
        const struct cli_option *option;

        if (only_positional || arg[0] != '-' || strcmp(arg, "-") == 0) {
            if (count == max_positional) {
                (void)cli_usage(cli, command, "unexpected argument \"%s\"", arg);
                return false;
            }
            positional[count++] = arg;
            continue;
        }
        if (strcmp(arg, "--") == 0) {
            only_positional = true;
            continue;
        }
        option = option_named(options, arg, equals ? (size_t)(equals - arg) : strlen(arg));
        if (!option) {
            (void)cli_usage(cli, command, "unknown option %s", arg);
            return false;
        }
        if (option->flag) {
            *option->flag = true;
        } else if (equals) {
            *option->value = equals + 1;
        } else if (i + 1 < argc) {
            *option->value = argv[++i];
        } else {
            (void)cli_usage(cli, command, "%s needs a value", arg);
            return false;
        }
    }
    if (positional_count)
        *positional_count = count;
    return true;
}

bool
cli_load_config(const struct cli *cli, struct config *out)
{
    struct buf errors = {0};
    struct error err = {0};
    bool ok =
        config_load(cli->config_path, cli->overrides, cli->override_count, out, &errors, &err);

    if (!ok && cli->json)
        (void)cli_fail(cli, &err);
    else if (!ok)
        (void)fprintf(stderr, "%s%s", buf_str(&errors), errors.len ? "" : err.text);
    if (!ok && !cli->json && !errors.len)
        (void)fputc('\n', stderr);
    buf_release(&errors);
    return ok;
}

static int
exit_code_for(enum err_code code)
{
    switch (code) {
    case ERR_INVALID:
        return EXIT_USAGE;
    case ERR_CONFLICT:
    case ERR_DENIED:
        return EXIT_REFUSED;
    case ERR_NOT_FOUND:
        return EXIT_NOTHING;
    case ERR_NONE:
    case ERR_RETRY:
    case ERR_INTERNAL:
    case ERR_CODE_COUNT:
        break;
    }
    return EXIT_FAILED;
}

/* What an error quotes may be anything: it must neither steer the terminal nor break the JSON. */
static char *
shown(const char *text, bool json)
{
    struct buf out = {0};

    if (json && utf8_is_valid(text, strlen(text)))
        buf_add_str(&out, text);
    else
        text_sanitise(&out, text, strlen(text));
    return buf_take(&out);
}

int
cli_fail(const struct cli *cli, const struct error *err)
{
    char *path = shown(err->path, cli->json);
    char *text = shown(err->text, cli->json);

    if (cli->json) {
        json_t *inner =
            json_pack("{s:s, s:s}", "code", error_code_name(err->code), "message", text);
        json_t *document = json_pack("{s:o?}", "error", inner);

        if (inner && *path)
            (void)json_object_set_new(inner, "path", json_string(path));
        if (document)
            (void)json_dumpf(document, stderr, JSON_COMPACT | JSON_ENSURE_ASCII);
        (void)fputc('\n', stderr);
        json_decref(document);
    } else if (*path) {
        (void)fprintf(stderr, "canvass: %s: %s\n", path, text);
    } else {
        (void)fprintf(stderr, "canvass: %s\n", text);
    }
    free(path);
    free(text);
    return exit_code_for(err->code);
}

int
cli_print_json(json_t *document)
{
    bool ok = document &&
              json_dumpf(document, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(15)) == 0 &&
              fputc('\n', stdout) != EOF && fflush(stdout) == 0;

    json_decref(document);
    if (ok)
        return EXIT_DONE;
    (void)fprintf(stderr, "canvass: cannot write to standard output\n");
    return EXIT_FAILED;
}

void
cli_printf(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    if (vprintf(fmt, args) < 0 && errno == EPIPE) {
        va_end(args);
        exit(EXIT_DONE); /* enough was read; NOLINT(concurrency-mt-unsafe): main() only */
    }
    va_end(args);
}

json_t *
cli_json_time(int64_t utc_s)
{
    char text[UTIME_RFC3339_SIZE];

    return json_string(utime_format(utc_s, text));
}

json_t *
cli_json_key(const struct key *k)
{
    if (!k)
        return json_null();
    return k->is_text ? json_string(k->text) : json_integer(k->number);
}
