/* canvass-relay's settings: one YAML file, and flags that win over it. Every setting is one row. */
#ifndef CANVASS_RELAY_RELAY_CONFIG_H
#define CANVASS_RELAY_RELAY_CONFIG_H

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/base/error.h"
#include "serve/address.h"

/* Texts are owned; NULL when not set. */
struct relay_config {
    char *listen;            /* "127.0.0.1:8090" */
    char *database;          /* path */
    char *public_url;        /* without a slash at the end; NULL: http://<listen> */
    char *token_file;        /* path */
    char *token_env;         /* name of a variable, instead of the file */
    char *twilio_token_file; /* path */
    char *twilio_token_env;
    char *trusted_proxies; /* "127.0.0.1, 10.0.0.0/8": whose X-Forwarded-For is believed */
    struct {
        char *connections, *connections_per_source, *request_seconds, *idle_seconds;
        char *failures_per_minute;
    } limits; /* as texts; and read: */
    int64_t connections, connections_per_source, request_seconds, idle_seconds;
    int64_t failures_per_minute; /* 0: any number */
    struct ip_range *trusted;    /* owned; trusted_proxies, read */
    size_t trusted_count;
    char *token;        /* secret: what the console shows */
    char *twilio_token; /* secret: what Twilio signs with */
};

/* A flag's value for the setting of that flag ("--listen"). False: no setting has that flag. */
bool relay_config_set_flag(struct relay_config *c, const char *flag, const char *value) MUST_CHECK;
/* Whether "" means something: the default in place of what the file says. */
bool relay_config_flag_may_be_empty(const char *flag);
/*
 * Reads the file (NULL: none) for what no flag has set, fills in defaults, checks everything and
 * reads the secrets. All errors at once in `errors`, a line each: "file:line:column: what; what to
 * do".
 */
bool relay_config_load(struct relay_config *c, const char *path, struct buf *errors) MUST_CHECK;
void relay_config_release(struct relay_config *c);
/* The help's lines about settings, from the table. */
void relay_config_help(struct buf *out);
/* The flag nearest to one that is unknown, or NULL. */
const char *relay_config_near_flag(const char *flag);

#endif
