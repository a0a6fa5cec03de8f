#include "relay/answers.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "serve/http_server.h"

static const char media_type[] = "application/json";

void
answer_twiml(struct http_exchange *x)
{
    static const char twiml[] = "<Response/>";

    http_reply(x, 200, "text/xml", twiml, sizeof twiml - 1, NULL, 0);
}

static void
answer_with(struct http_exchange *x, int status, json_t *document,
            const struct http_reply_header *headers, size_t header_count)
{
    char *text = json_dumps(document, JSON_COMPACT);

    json_decref(document);
    if (text)
        http_reply(x, status, media_type, text, strlen(text), headers, header_count);
    else
        http_reply(x, 500, media_type, "{}", 2, NULL, 0);
    free(text);
}

void
answer_json(struct http_exchange *x, int status, json_t *document)
{
    answer_with(x, status, document, NULL, 0);
}

void
answer_error(struct http_exchange *x, int status, const char *text)
{
    static const struct http_reply_header retry = {"Retry-After", "5"};
    static const struct http_reply_header bearer = {"WWW-Authenticate", "Bearer"};
    const struct http_reply_header *header = status == 503   ? &retry
                                             : status == 401 ? &bearer
                                                             : NULL;

    answer_with(x, status, json_pack("{s:s}", "error", text), header, header ? 1 : 0);
}

void
answer_too_often(struct http_exchange *x)
{
    static const struct http_reply_header headers[] = {{"Retry-After", "60"},
                                                       {"Connection", "close"}};

    answer_with(x, 429, json_pack("{s:s}", "error", "too many failures, try again later"), headers,
                ARRAY_LEN(headers));
}

void
answer_method(struct http_exchange *x, const char *allowed)
{
    const struct http_reply_header allow = {"Allow", allowed};

    answer_with(x, 405, json_pack("{s:s}", "error", "method not allowed"), &allow, 1);
}

void
answer_gone(struct http_exchange *x, const char *oldest)
{
    answer_json(x, 410,
                json_pack("{s:s, s:s}", "error", "the cursor is unknown or its events are gone",
                          "oldest", oldest));
}

void
answer_acked(struct http_exchange *x, const char *cursor)
{
    answer_json(x, 200, json_pack("{s:s}", "acked", cursor));
}
