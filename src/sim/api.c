#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "sim/world.h"

static bool
is_authorized(const struct sim *sim, struct http_exchange *x)
{
    const char *given = http_header(x, "Authorization");
    const char *wanted = sim->authorization;

    /* the scheme is told apart in any case, the credentials are not */
    return given && strncasecmp(given, wanted, 6) == 0 && strcmp(given + 6, wanted + 6) == 0;
}

static void
route_account(struct sim *sim, struct http_exchange *x, const char *rest)
{
    static const struct api_problem missing = {404, 20404, "The requested resource was not found",
                                               NULL};
    static const struct api_problem not_allowed = {405, 20004, "Method not allowed", NULL};
    size_t account_len = strcspn(rest, "/");
    const char *what = rest + account_len;
    const char *method = http_method(x);
    bool is_get = strcmp(method, "GET") == 0;

    if (!is_authorized(sim, x)) {
        api_reply_problem(sim, x, (struct api_problem){401, 20003, "Authenticate", NULL});
        return;
    }
    if (account_len != strlen(sim->options.account_sid) ||
        strncmp(rest, sim->options.account_sid, account_len) != 0) {
        api_reply_problem(sim, x, missing);
        return;
    }
    if (strcmp(what, "/Messages.json") == 0) {
        if (is_get)
            api_list_messages(sim, x);
        else if (strcmp(method, "POST") == 0)
            api_create_message(sim, x);
        else
            api_reply_problem(sim, x, not_allowed);
    } else if (text_starts_with(what, "/Messages/") && strlen(what) > 15 &&
               strcmp(what + strlen(what) - 5, ".json") == 0) {
        char *sid = mem_strndup(what + 10, strlen(what) - 15);

        if (is_get)
            api_fetch_message(sim, x, sid);
        else
            api_reply_problem(sim, x, not_allowed);
        free(sid);
    } else {
        api_reply_problem(sim, x, missing);
    }
}

void
api_handle(struct sim *sim, struct http_exchange *x)
{
    const char *path = http_path(x);

    if (text_starts_with(path, API_ACCOUNTS))
        route_account(sim, x, path + strlen(API_ACCOUNTS));
    else if (text_starts_with(path, "/sim/"))
        control_handle(sim, x, path + 5);
    else
        api_reply_problem(
            sim, x, (struct api_problem){404, 20404, "The requested resource was not found", NULL});
}
