/* relay.yaml and the flags. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "relay/relay_config.h"
#include "temp_folder.h"

static char folder[TEMP_FOLDER_PATH];

static char *
file(const char *name, const char *text, mode_t mode)
{
    char *path = mem_printf("%s/%s", folder, name);
    struct error err = {0};

    if (!file_write_atomic(path, text, strlen(text), mode, &err))
        fail_msg("%s", err.text);
    return path;
}

static int
make_folder(void **state)
{
    (void)state;
    temp_folder_make(folder);
    free(file("token", "console-secret\n", 0600));
    free(file("twilio", "twilio-secret\n", 0600));
    free(file("open", "for everybody\n", 0644));
    free(file("empty", "\n", 0600));
    return 0;
}

static int
remove_folder(void **state)
{

    (void)state;
    temp_folder_remove(folder);
    return 0;
}

#define SECRETS "token_file: token\ntwilio: {auth_token_file: twilio}\n"

static void
load__reads_a_file_relative_to_itself(void **state)
{
    struct relay_config c = {0};
    struct buf errors = {0};
    char *path = file("relay.yaml",
                      "listen: \"127.0.0.1:0\"\ndatabase: sub/relay.db\n"
                      "public_url: \"https://hooks.example.com/relay//\"\n" SECRETS,
                      0600);
    char *database = mem_printf("%s/sub/relay.db", folder);

    (void)state;
    if (!relay_config_load(&c, path, &errors))
        fail_msg("%s", buf_str(&errors));
    assert_string_equal(c.listen, "127.0.0.1:0");
    assert_string_equal(c.database, database);
    assert_string_equal(c.public_url, "https://hooks.example.com/relay");
    assert_string_equal(c.token, "console-secret");
    assert_string_equal(c.twilio_token, "twilio-secret");
    relay_config_release(&c);
    buf_release(&errors);
    free(database);
    free(path);
}

static void
load__has_defaults(void **state)
{
    struct relay_config c = {0};
    struct buf errors = {0};
    char *path = file("relay.yaml", SECRETS, 0600);
    char *database = mem_printf("%s/relay.db", folder);

    (void)state;
    if (!relay_config_load(&c, path, &errors))
        fail_msg("%s", buf_str(&errors));
    assert_string_equal(c.listen, "127.0.0.1:8090");
    assert_string_equal(c.database, database);
    assert_null(c.public_url);
    relay_config_release(&c);
    free(database);
    free(path);
    buf_release(&errors);
}

static void
load__reads_limits_and_proxies(void **state)
{
    struct relay_config c = {0};
    struct buf errors = {0};
    char *path = file("relay.yaml",
                      "trusted_proxies: [\"::1\", 10.0.0.0/8]\n"
                      "limits: {connections_per_source: 0, request_seconds: 30}\n" SECRETS,
                      0600);
    struct ip_address inside;

    (void)state;
    if (!relay_config_load(&c, path, &errors))
        fail_msg("%s", buf_str(&errors));
    assert_int_equal(c.connections, 1024);
    assert_int_equal(c.connections_per_source, 0);
    assert_int_equal(c.request_seconds, 30);
    assert_int_equal(c.failures_per_minute, 120);
    assert_int_equal(c.trusted_count, 2);
    assert_true(ip_parse("10.1.1.1", &inside));
    assert_true(ip_in_ranges(&inside, c.trusted, c.trusted_count));
    relay_config_release(&c);

    assert_true(relay_config_set_flag(&c, "--trusted-proxies", "192.0.2.1 192.0.2.2,192.0.2.3"));
    if (!relay_config_load(&c, path, &errors))
        fail_msg("%s", buf_str(&errors));
    assert_int_equal(c.trusted_count, 3);
    relay_config_release(&c);
    buf_release(&errors);
    free(path);
}

static void
flags__win_over_the_file(void **state)
{
    struct relay_config c = {0};
    struct buf errors = {0};
    char *path =
        file("relay.yaml",
             "listen: \"127.0.0.1:1\"\ndatabase: a.db\npublic_url: \"https://h\"\n" SECRETS, 0600);

    (void)state;
    assert_true(relay_config_set_flag(&c, "--listen", "[::1]:0"));
    assert_true(relay_config_set_flag(&c, "--database", "here.db"));
    assert_true(relay_config_set_flag(&c, "--public-url", "")); /* back to the default */
    assert_true(relay_config_flag_may_be_empty("--public-url"));
    assert_false(relay_config_flag_may_be_empty("--listen"));
    assert_false(relay_config_set_flag(&c, "--lissen", "x"));
    assert_string_equal(relay_config_near_flag("--lissen"), "--listen");
    assert_null(relay_config_near_flag("--entirely-else"));
    if (!relay_config_load(&c, path, &errors))
        fail_msg("%s", buf_str(&errors));
    assert_string_equal(c.listen, "[::1]:0");
    assert_null(c.public_url);
    assert_string_equal(c.database, "here.db");
    relay_config_release(&c);
    buf_release(&errors);
    free(path);
}

struct bad_case {
    const char *text;
    const char *errors[5]; /* "%" stands for the file's path */
};

static const struct bad_case bad_cases[] = {
    {"lisen: \"127.0.0.1:1\"\n" SECRETS,
     {"%:1:1: unknown key \"lisen\"; did you mean \"listen\"?"}},
    {"zzz: 1\n" SECRETS, {"%:1:1: unknown key \"zzz\""}},
    {"token_file: token\ntwilio:\n  auth_token_fil: twilio\n",
     {"%:3:3: unknown key \"twilio.auth_token_fil\"; did you mean \"twilio.auth_token_file\"?",
      "Twilio's auth token is missing"}},
    {"listen: 8090\ndatabase: [a]\n" SECRETS, {"%:1:1: listen must be", "%:2:1: database must be"}},
    {"trusted_proxies: [10.0.0.0/8, nginx]\n" SECRETS,
     {"%:1:1: trusted_proxies: must be addresses such as 127.0.0.1 or 10.0.0.0/8, not nginx"}},
    {"trusted_proxies: [1]\nlimits: 3\n" SECRETS,
     {"%:1:1: trusted_proxies: must be", "%:2:1: limits must hold keys"}},
    {"limits: {connections: 7, request_seconds: soon, idle: 3}\n" SECRETS,
     {"limits.connections: must be 8 to 8000, not 7",
      "limits.request_seconds must be a whole number", "unknown key \"limits.idle\""}},
    {"listen: nowhere\n" SECRETS, {"%:1:1: listen: must be host:port"}},
    {"listen: \"h:70000\"\n" SECRETS, {"%:1:1: listen: must be host:port"}},
    {"public_url: \"ftp://x\"\n" SECRETS, {"%:1:1: public_url: must begin with https://"}},
    {"public_url: \"https://\"\n" SECRETS, {"%:1:1: public_url: must begin with https://"}},
    {"public_url: \"https://h/?x=1\"\n" SECRETS, {"%:1:1: public_url: must end"}},
    {"public_url: \"https://h/#rc=5\"\n" SECRETS, {"%:1:1: public_url: must end"}},
    {"twilio: twilio\ntoken_file: token\n", {"%:1:1: twilio must hold keys"}},
    {"", {"the console's token is missing; set token_file", "set twilio.auth_token_file"}},
    {"token_file: open\ntwilio: {auth_token_file: twilio}\n", {"%:1:1: token_file: ", "chmod 600"}},
    {"token_file: empty\ntwilio: {auth_token_file: none}\n",
     {"%:1:1: token_file: ", "%:2:10: twilio.auth_token_file: cannot open"}},
    {"token_env: CANVASS_RELAY_NO_SUCH\ntwilio: {auth_token_file: twilio}\n",
     {"the variable CANVASS_RELAY_NO_SUCH is not set"}},
    {"- a\n- b\n", {"the file must be"}},
    {"listen: [\n", {"%:2:1: cannot be read as YAML"}},
    {"listen: a\nlisten: b\n", {"%:2:1: "}},
};

static void
load__tells_every_mistake_with_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad_cases); i++) {
        struct relay_config c = {0};
        struct buf errors = {0};
        char *path = file("relay.yaml", bad_cases[i].text, 0600);

        if (relay_config_load(&c, path, &errors))
            fail_msg("accepted:\n%s", bad_cases[i].text);
        for (const char *const *e = bad_cases[i].errors; *e; e++) {
            char *expected = **e == '%' ? mem_printf("%s%s", path, *e + 1) : mem_strdup(*e);

            if (!strstr(buf_str(&errors), expected))
                fail_msg("for:\n%sexpected: %s\ngot:\n%s", bad_cases[i].text, expected,
                         buf_str(&errors));
            free(expected);
        }
        assert_null(strstr(buf_str(&errors), "secret\n"));
        relay_config_release(&c);
        buf_release(&errors);
        free(path);
    }
}

static void
load__without_a_file_needs_flags(void **state)
{
    struct relay_config c = {0};
    struct buf errors = {0};
    char *token = mem_printf("%s/token", folder);

    (void)state;
    assert_false(relay_config_load(&c, NULL, &errors));
    relay_config_release(&c);
    buf_clear(&errors);
    assert_true(relay_config_set_flag(&c, "--token-file", token));
    assert_true(relay_config_set_flag(&c, "--twilio-token-file", token));
    if (!relay_config_load(&c, NULL, &errors))
        fail_msg("%s", buf_str(&errors));
    assert_string_equal(c.database, "relay.db");
    relay_config_release(&c);
    buf_clear(&errors);
    assert_false(relay_config_load(&c, "/no/such/relay.yaml", &errors));
    assert_non_null(strstr(buf_str(&errors), "/no/such/relay.yaml"));
    relay_config_release(&c);
    buf_release(&errors);
    free(token);
}

static void
help__names_every_setting(void **state)
{
    static const char *const names[] = {
        "listen",     "--database",          "public_url",
        "token_file", "--twilio-token-file", "twilio.auth_token_file"};
    struct buf out = {0};

    (void)state;
    relay_config_help(&out);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        assert_non_null(strstr(buf_str(&out), names[i]));
    buf_release(&out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(load__reads_a_file_relative_to_itself),
        cmocka_unit_test(load__has_defaults),
        cmocka_unit_test(load__reads_limits_and_proxies),
        cmocka_unit_test(flags__win_over_the_file),
        cmocka_unit_test(load__tells_every_mistake_with_its_place),
        cmocka_unit_test(load__without_a_file_needs_flags),
        cmocka_unit_test(help__names_every_setting),
    };

    return cmocka_run_group_tests_name("relay config", tests, make_folder, remove_folder);
}
