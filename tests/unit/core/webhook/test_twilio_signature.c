/* X-Twilio-Signature against requests signed and judged by the vendor's own library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "core/webhook/form.h"
#include "core/webhook/twilio_signature.h"

static const char *
text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static bool
verify_case(const json_t *c)
{
    const char *body = text_of(c, "raw_body");

    return twilio_signature_verify(text_of(c, "auth_token"), text_of(c, "url"),
                                   text_of(c, "content_type"), body, strlen(body),
                                   text_of(c, "signature"));
}

static int
judge(const char *list, bool expected)
{
    json_error_t why;
    json_t *doc = json_load_file(TEST_FIXTURES "/vectors/twilio_signature.json", 0, &why);
    json_t *c;
    size_t i;
    int judged = 0;

    assert_non_null(doc);
    json_array_foreach(json_object_get(doc, list), i, c)
    {
        if (strcmp(text_of(c, "level"), "legacy") == 0)
            continue;
        if (verify_case(c) != expected)
            fail_msg("%s: \"%s\" judged wrong", list, text_of(c, "name"));
        judged++;
    }
    json_decref(doc);
    return judged;
}

static void
verify__accepts_every_valid_vector(void **state)
{
    (void)state;
    assert_true(judge("valid", true) >= 22);
}

static void
verify__refuses_every_tampered_vector(void **state)
{
    (void)state;
    assert_true(judge("tampered", false) >= 23);
}

/* Every posted webhook in the payload file, wherever it stands in the tree. */
static int
judge_payloads(const json_t *node, const char *token, const char *base)
{
    const json_t *headers = json_object_get(node, "headers");
    json_t *child;
    size_t i;
    int judged = 0;

    if (headers && text_of(node, "raw_body")) {
        const char *signature = text_of(headers, "X-Twilio-Signature");
        const char *type = text_of(headers, "Content-Type");
        const char *body = text_of(node, "raw_body");
        struct buf url = {0};

        buf_printf(&url, "%s%s", base, text_of(node, "path"));
        if (!twilio_signature_verify(token, buf_str(&url), type, body, strlen(body), signature))
            fail_msg("%s: refused", text_of(node, "name") ? text_of(node, "name") : buf_str(&url));
        assert_false(twilio_signature_verify("another token", buf_str(&url), type, body,
                                             strlen(body), signature));
        buf_release(&url);
        return 1;
    }
    if (json_is_object(node)) {
        void *it = json_object_iter((json_t *)(uintptr_t)node);

        for (; it; it = json_object_iter_next((json_t *)(uintptr_t)node, it))
            judged += judge_payloads(json_object_iter_value(it), token, base);
    }
    json_array_foreach(node, i, child) judged += judge_payloads(child, token, base);
    return judged;
}

static void
verify__accepts_every_payload(void **state)
{
    json_error_t why;
    json_t *doc = json_load_file(TEST_FIXTURES "/vectors/twilio_payloads.json", 0, &why);

    (void)state;
    assert_non_null(doc);
    assert_true(judge_payloads(doc, text_of(doc, "auth_token"), text_of(doc, "public_base")) > 20);
    json_decref(doc);
}

static void
verify__reads_what_make_wrote(void **state)
{
    static const char *const urls[] = {
        "http://127.0.0.1:8090/hooks/twilio/sms",
        "https://hooks.example.com/hooks/twilio/status?att=1&x=%20",
        "http://[::1]:8090/hooks/twilio/sms",
        "https://[::1]/hooks/twilio/sms",
        "https://hooks.example.com/a#rc=5&rp=all",
    };
    struct form form = {0};
    struct buf body = {0};
    char signature[TWILIO_SIGNATURE_SIZE];

    (void)state;
    form_add(&form, "Body", "Yes, 50% & more: caf\xC3\xA9");
    form_add(&form, "MessageSid", "SM1");
    form_encode(&form, &body);
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        twilio_signature_make("secret", urls[i], &form, signature);
        assert_true(twilio_signature_verify("secret", urls[i], "application/x-www-form-urlencoded",
                                            body.data, body.len, signature));
        assert_true(
            twilio_signature_verify("secret", urls[i], NULL, body.data, body.len, signature));
        assert_false(twilio_signature_verify("secret", urls[i], "text/plain", body.data, body.len,
                                             signature));
        assert_false(twilio_signature_verify("secret", urls[i],
                                             "application/x-www-form-urlencodedx", body.data,
                                             body.len, signature));
    }
    form_release(&form);
    buf_release(&body);
}

static void
verify__refuses_nonsense(void **state)
{
    (void)state;
    assert_false(twilio_signature_verify("t", "https://h/", NULL, "", 0, NULL));
    assert_false(twilio_signature_verify("t", "", NULL, "", 0, ""));
    assert_false(
        twilio_signature_verify("t", "https://h/", NULL, "a=%", 3, "AAAAAAAAAAAAAAAAAAAAAAAAAAA="));
    assert_false(twilio_signature_verify("t", "https://h/?bodySHA256=", "application/json", "{}", 2,
                                         "AAAAAAAAAAAAAAAAAAAAAAAAAAA="));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verify__accepts_every_valid_vector),
        cmocka_unit_test(verify__refuses_every_tampered_vector),
        cmocka_unit_test(verify__accepts_every_payload),
        cmocka_unit_test(verify__reads_what_make_wrote),
        cmocka_unit_test(verify__refuses_nonsense),
    };

    return cmocka_run_group_tests_name("webhook twilio_signature", tests, NULL, NULL);
}
