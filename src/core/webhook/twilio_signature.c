#include "core/webhook/twilio_signature.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/webhook/form.h"

enum { SHA1_BYTES = 20, SHA1_BASE64_CHARS = 28, SHA256_BYTES = 32 };

enum port_form { PORT_AS_IS, PORT_NONE, PORT_DEFAULT, PORT_FORM_COUNT };

static int
compare_fields(const void *a, const void *b)
{
    const struct form_field *x = a;
    const struct form_field *y = b;
    int order = strcmp(x->name, y->name);

    return order ? order : strcmp(x->value, y->value);
}

/* Sorted by name, then value; the same pair twice counts once (the vendor signs a set of values).
 */
static void
add_fields(struct buf *message, const struct form *form)
{
    struct form_field *sorted = mem_calloc(form->count + 1, sizeof *sorted); /* texts borrowed */

    for (size_t i = 0; i < form->count; i++)
        sorted[i] = form->fields[i];
    qsort(sorted, form->count, sizeof *sorted, compare_fields);
    for (size_t i = 0; i < form->count; i++) {
        if (i && compare_fields(&sorted[i - 1], &sorted[i]) == 0)
            continue;
        buf_add_str(message, sorted[i].name);
        buf_add_str(message, sorted[i].value);
    }
    free(sorted);
}

static void
sign(const char *auth_token, const struct buf *message, char out[TWILIO_SIGNATURE_SIZE])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned char text[TWILIO_SIGNATURE_SIZE];
    unsigned len = 0;
    size_t key_len = strlen(auth_token);

    if (key_len > INT_MAX ||
        !HMAC(EVP_sha1(), auth_token, (int)key_len, (const unsigned char *)buf_str(message),
              message->len, digest, &len) ||
        len != SHA1_BYTES)
        abort(); /* only when libcrypto itself is broken: nothing could be trusted then */
    int written = EVP_EncodeBlock(text, digest, SHA1_BYTES);

    memcpy(out, text, (size_t)written);
    out[written] = '\0';
}

/* The fragment carries connection settings and is never sent, so it is not signed. */
static size_t
url_len(const char *url)
{
    return strcspn(url, "#");
}

void
twilio_signature_make(const char *auth_token, const char *url, const struct form *form,
                      char out[TWILIO_SIGNATURE_SIZE])
{
    struct buf message = {0};

    buf_add(&message, url, url_len(url));
    if (form)
        add_fields(&message, form);
    sign(auth_token, &message, out);
    buf_release(&message);
}

/* Appends the URL with its port as asked; false when that form is no other than the URL itself. */
static bool
add_url(struct buf *out, const char *url, enum port_form form)
{
    size_t len = url_len(url);
    const char *scheme_end = strstr(url, "://");

    if (form == PORT_AS_IS || !scheme_end || scheme_end >= url + len) {
        buf_add(out, url, len);
        return form == PORT_AS_IS;
    }
    const char *authority = scheme_end + 3;
    const char *rest = authority + strcspn(authority, "/?#");
    const char *at = memrchr(authority, '@', (size_t)(rest - authority));
    const char *host = at ? at + 1 : authority;
    const char *bracket = memchr(host, ']', (size_t)(rest - host)); /* [::1]:8080 */
    const char *from = bracket ? bracket : host;
    const char *colon = memchr(from, ':', (size_t)(rest - from));

    if ((form == PORT_NONE) != (colon != NULL))
        return false;
    buf_add(out, url, (size_t)((colon ? colon : rest) - url));
    if (form == PORT_DEFAULT)
        buf_add_str(out, strncasecmp(url, "https:", 6) == 0 ? ":443" : ":80");
    buf_add(out, rest, (size_t)(url + len - rest));
    return true;
}

static bool
has_media_type(const char *content_type, const char *type)
{
    size_t len = strlen(type);

    if (!content_type || strncasecmp(content_type, type, len) != 0)
        return false;
    return content_type[len] == '\0' || strchr("; \t", content_type[len]) != NULL;
}

/* The URL's bodySHA256 parameter, lower-case hex, is the digest of the body. */
static bool
body_digest_matches(const char *url, const char *body, size_t body_len)
{
    static const char hex[] = "0123456789abcdef";
    static const char name[] = "bodySHA256=";
    unsigned char digest[EVP_MAX_MD_SIZE];
    char expected[SHA256_BYTES * 2];
    unsigned len = 0;
    const char *p = strchr(url, '?');

    if (EVP_Digest(body_len ? body : "", body_len, digest, &len, EVP_sha256(), NULL) != 1 ||
        len != SHA256_BYTES)
        return false;
    for (size_t i = 0; i < SHA256_BYTES; i++) {
        expected[i * 2] = hex[digest[i] >> 4];
        expected[i * 2 + 1] = hex[digest[i] & 15];
    }
    while (p && *p != '#') {
        p++;
        size_t field = strcspn(p, "&#");

        if (text_starts_with(p, name))
            return field == sizeof name - 1 + sizeof expected &&
                   CRYPTO_memcmp(p + sizeof name - 1, expected, sizeof expected) == 0;
        p = p[field] == '&' ? p + field : NULL;
    }
    return false;
}

static bool
matches_any_port(const char *auth_token, const char *url, const struct form *form,
                 const char *signature)
{
    bool match = false;

    if (strlen(signature) != SHA1_BASE64_CHARS)
        return false;
    for (enum port_form port = PORT_AS_IS; port < PORT_FORM_COUNT; port++) {
        struct buf candidate = {0};
        char expected[TWILIO_SIGNATURE_SIZE];

        if (add_url(&candidate, url, port)) {
            twilio_signature_make(auth_token, buf_str(&candidate), form, expected);
            match |= CRYPTO_memcmp(expected, signature, strlen(expected)) == 0;
        }
        buf_release(&candidate);
    }
    return match;
}

bool
twilio_signature_verify(const char *auth_token, const char *url, const char *content_type,
                        const char *body, size_t body_len, const char *signature)
{
    struct form form = {0};
    struct error err = {0};
    bool match;

    if (!signature)
        return false;
    if (has_media_type(content_type, "application/json"))
        return body_digest_matches(url, body, body_len) &&
               matches_any_port(auth_token, url, NULL, signature);
    if (content_type && *content_type && body_len &&
        !has_media_type(content_type, "application/x-www-form-urlencoded"))
        return false;
    if (!form_parse(body, body_len, &form, &err))
        return false;
    match = matches_any_port(auth_token, url, &form, signature);
    form_release(&form);
    return match;
}
