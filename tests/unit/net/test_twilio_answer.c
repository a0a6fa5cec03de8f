/* What is read of Twilio's answer to a create. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/base/cc.h"
#include "net/twilio_answer.h"

#define SID "SM0123456789abcdef0123456789abcdef"

static void
answers__are_read_member_by_member(void **state)
{
    static const struct {
        const char *json;
        bool ok;
        struct twilio_answer want;
    } rows[] = {
        {"{}", true, {.code = 0}},
        {" {\"sid\" : \"" SID "\" , \"status\":\"queued\"} ",
         true,
         {.sid = SID, .status = "queued"}},
        {"{\"sid\":\"" SID "\",\"error_code\":30007,\"code\":null}",
         true,
         {.sid = SID, .error_code = 30007}},
        {"{\"code\":\"21610\",\"message\":\"no\"}", true, {.code = 21610}},
        {"{\"code\":21211.0}", true, {.code = 0}},
        {"{\"code\":1000000}", true, {.code = 0}},
        {"{\"code\":99999999999999999999999}", true, {.code = 0}},
        {"{\"code\":-5,\"error_code\":true}", true, {.code = 0}},
        /* the last counts, also when it is no good */
        {"{\"sid\":\"" SID "\",\"sid\":7}", true, {.code = 0}},
        {"{\"sid\":7,\"sid\":\"" SID "\"}", true, {.sid = SID}},
        /* only at the top */
        {"{\"x\":{\"sid\":\"" SID "\"},\"y\":[{\"code\":1}]}", true, {.code = 0}},
        {"{\"\\u0073id\":\"\\u0053M0123456789abcdef0123456789abcdef\"}", true, {.sid = SID}},
        {"{\"sid\\u0000x\":\"" SID "\"}", true, {.code = 0}},
        {"{\"sid\":\"" SID "\\u0000\"}", true, {.code = 0}},
        {"{\"sid\":\"" SID "0\"}", true, {.code = 0}},
        {"{\"status\":\"Bad one\"}", true, {.code = 0}},
        /* no object, or not all of one */
        {"", false, {.code = 0}},
        {"[]", false, {.code = 0}},
        {"\"" SID "\"", false, {.code = 0}},
        {"{\"sid\":\"" SID "\"", false, {.code = 0}},
        {"{\"sid\":\"" SID "\",}", false, {.code = 0}},
        {"{\"sid\":\"" SID "\"} x", false, {.code = 0}},
        {"{\"sid\":\"" SID "\",\"a\":[1,}", false, {.code = 0}},
        {"{\"sid\":\"" SID "\",\"a\":\"\xFF\"}", false, {.code = 0}},
        {"<html>", false, {.code = 0}},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct twilio_answer got;
        const struct twilio_answer *want = &rows[i].want;

        if (twilio_answer_read(rows[i].json, strlen(rows[i].json), &got) != rows[i].ok ||
            strcmp(got.sid, want->sid) != 0 || strcmp(got.status, want->status) != 0 ||
            got.code != want->code || got.error_code != want->error_code)
            fail_msg("%s: sid %s, status %s, code %d, error_code %d", rows[i].json, got.sid,
                     got.status, got.code, got.error_code);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers__are_read_member_by_member),
    };

    return cmocka_run_group_tests_name("net/twilio_answer", tests, NULL, NULL);
}
