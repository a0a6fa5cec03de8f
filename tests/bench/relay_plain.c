/*
 * The relay with another writer, to hold the relay against: the same server, the same checks, the
 * same routes (everything else is linked from the relay's own archive).
 *
 *   relay_plain nothing DATABASE PORT_FILE     answers 200 and keeps nothing
 *   relay_plain each DATABASE PORT_FILE        one synced commit for each POST
 *
 * It ends when its standard input does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fileio.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "relay/answers.h"
#include "relay/relay.h"
#include "relay/writer.h"

static bool keeps;

struct writer {
    struct writer_options options;
};

struct writer_job *
writer_job_new(enum writer_job_type type, struct http_exchange *x)
{
    struct writer_job *job = mem_alloc(sizeof *job);

    job->type = type;
    job->x = x;
    return job;
}

struct writer *
writer_start(const struct writer_options *options, struct error *err)
{
    (void)err;
    return mem_dup(&(struct writer){.options = *options}, sizeof(struct writer));
}

static bool
store(struct relay_store *store, const struct writer_job *job, struct error *err)
{
    struct relay_event event = {
        .received_at = job->received_at,
        .kind = relay_kind_name(job->kind),
        .provider_id = job->provider_id,
        .url = job->url,
        .signature = job->signature,
        .body = job->body,
    };

    return relay_store_begin(store, err) && relay_store_add(store, &event, err) &&
           relay_store_commit(store, err);
}

/* On the server's thread: the answer does not even have to wake it. */
void
writer_post(struct writer *writer, struct writer_job *job)
{
    struct error err = {0};

    if (job->type == WRITER_STORE && keeps && !store(writer->options.store, job, &err))
        answer_error(job->x, 503, err.text);
    else
        answer_twiml(job->x);
    free(job->provider_id);
    free(job->url);
    free(job->signature);
    free(job->body);
    free(job->cursor);
    free(job);
}

void
writer_stop(struct writer *writer)
{
    (void)writer;
}

void
writer_free(struct writer *writer)
{
    free(writer);
}

int
main(int argc, char **argv)
{
    struct error err = {0};
    struct relay *relay;
    char *port;
    char byte;

    if (argc != 4) {
        (void)fputs("usage: relay_plain nothing|each DATABASE PORT_FILE\n", stderr);
        return 2;
    }
    keeps = strcmp(argv[1], "each") == 0;
    log_to_fd(STDERR_FILENO, LOG_WARN);
    relay = relay_start(&(struct relay_config){.listen = (char[]){"127.0.0.1:0"},
                                               .database = argv[2],
                                               .public_url = (char[]){"https://hooks.example.com"},
                                               .token = (char[]){"console-secret"},
                                               .twilio_token = (char[]){"twilio-secret"}},
                        &err);
    if (!relay) {
        (void)fprintf(stderr, "relay_plain: %s\n", err.text);
        return 1;
    }
    port = mem_printf("%u\n", relay_port(relay));
    if (file_write_atomic(argv[3], port, strlen(port), 0644, &err))
        while (read(STDIN_FILENO, &byte, 1) > 0)
            ;
    free(port);
    relay_stop(relay);
    return 0;
}
