/* The vectors: what must suppress does, what must not does not, what is unsure goes to a person. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <jansson.h>

#include "core/base/cc.h"
#include "core/reply/words.h"

static const char *const word_names[] = {
    [REPLY_OTHER] = "other", [REPLY_STOP] = "stop",     [REPLY_START] = "start",
    [REPLY_HELP] = "help",   [REPLY_REVIEW] = "review",
};

static bool
fits(const char *treat_as, enum reply_word word)
{
    static const struct {
        const char *treat_as;
        enum reply_word word;
    } rows[] = {
        {"opt_out", REPLY_STOP},      {"opt_in", REPLY_START},  {"affirmative", REPLY_OTHER},
        {"help", REPLY_HELP},         {"review", REPLY_REVIEW}, {"negative", REPLY_OTHER},
        {"not_opt_out", REPLY_OTHER},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (strcmp(rows[i].treat_as, treat_as) == 0)
            return rows[i].word == word;
    fail_msg("a new kind of row: %s", treat_as);
    return false;
}

static void
vectors__are_taken_as_they_must(void **state)
{
    json_t *doc = json_load_file(TEST_FIXTURES "/vectors/opt_out.json", 0, NULL);
    json_t *row = NULL;
    size_t i = 0;
    int wrong = 0;

    (void)state;
    json_array_foreach(json_object_get(doc, "replies"), i, row)
    {
        const char *text = json_string_value(json_object_get(row, "text"));
        const char *treat_as = json_string_value(json_object_get(row, "treat_as"));
        enum reply_word word = reply_word_of(text);

        if (!fits(treat_as, word)) {
            print_error("\"%s\" must be %s, is %s\n", text, treat_as, word_names[word]);
            wrong++;
        }
    }
    assert_true(i > 50);
    assert_int_equal(wrong, 0);
    json_decref(doc);
}

static void
more_texts__are_taken_as_people_mean_them(void **state)
{
    static const struct {
        const char *text;
        enum reply_word word;
    } rows[] = {
        {"", REPLY_OTHER},
        {"   \n", REPLY_OTHER},
        {"...", REPLY_OTHER},
        {"S T O P", REPLY_STOP},
        {"S.T.O.P.", REPLY_STOP},
        {"STOP STOP STOP", REPLY_STOP},
        {"\xef\xbc\xb3\xef\xbc\xb4\xef\xbc\xaf\xef\xbc\xb0", REPLY_STOP}, /* full width */
        {"St\xe2\x80\x8bop", REPLY_STOP},                                 /* zero width space */
        {"NO M\xc3\x81S", REPLY_STOP},
        {"arr\xc3\xaate", REPLY_STOP},
        {"d\xc3\xa9sinscription", REPLY_STOP},
        {"Stopp!", REPLY_STOP},
        {"Abbestellen", REPLY_STOP},
        {"bitte keine Nachrichten mehr", REPLY_STOP},
        {"Ne m'envoyez plus de messages", REPLY_STOP},
        {"СТОП", REPLY_STOP},
        {"Стоп, пожалуйста. Кто вы?", REPLY_STOP},
        {"Отпишите меня!", REPLY_STOP},
        {"остановка автобуса", REPLY_OTHER},
        {"停止。", REPLY_STOP},
        {"退订", REPLY_STOP},
        {"你好。退訂。", REPLY_STOP},
        {"配信停止、お願いします。", REPLY_STOP},
        {"수신거부", REPLY_STOP},
        {"수신 거부!", REPLY_STOP},
        {"توقف؟", REPLY_STOP},
        {"إلغاء الاشتراك", REPLY_STOP},
        {"הסירו אותי, בבקשה", REPLY_STOP},
        {"रोकें।", REPLY_STOP},
        {"Dừng lại", REPLY_STOP},
        {"Hủy đăng ký", REPLY_STOP},
        {"ΔΙΑΚΟΠΗ", REPLY_STOP},
        {"не останавливайтесь", REPLY_OTHER},
        {"Sair", REPLY_STOP},
        {"text STOP", REPLY_STOP},
        {"Reply stop.", REPLY_STOP},
        {"don\xe2\x80\x99t text me", REPLY_STOP},
        {"Ok stop now please", REPLY_STOP},
        {"Please remove my number from your list", REPLY_STOP},
        {"I no longer wish to receive these", REPLY_STOP},
        {"Hi! I'd like to unsubscribe.", REPLY_STOP},
        {"Quit.", REPLY_STOP},
        {"please don't stop", REPLY_OTHER},
        {"never stop texting me", REPLY_OTHER},
        {"I do not want you to stop texting me", REPLY_REVIEW},
        {"stop by tomorrow?", REPLY_OTHER},
        {"stop it right there", REPLY_REVIEW},
        {"wrong number", REPLY_REVIEW},
        {"start please at 9", REPLY_OTHER},
        {"stopwatch", REPLY_OTHER},
        {"the weekend", REPLY_OTHER},
        {"unstoppable", REPLY_OTHER},
        {"\xff\xfe", REPLY_OTHER},
        {"Start.", REPLY_START},
        {"info", REPLY_HELP},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        enum reply_word word = reply_word_of(rows[i].text);

        if (word != rows[i].word)
            fail_msg("\"%s\" must be %s, is %s", rows[i].text, word_names[rows[i].word],
                     word_names[word]);
    }
}

static void
intents__are_exact_words(void **state)
{
    static const struct {
        const char *text, *intent;
    } rows[] = {
        {"YES", "yes"},
        {"yes!", "yes"},
        {"No thanks.", "no"},
        {"How much?", "ask"},
        {"yes but not now", "other"},
        {"STOP", "opt_out"},
        {"unstop", "opt_in"},
        {"HELP", "help"},
        {"please cancel", "review"},
        {"", "other"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_string_equal(reply_intent_of(reply_word_of(rows[i].text), rows[i].text),
                            rows[i].intent);
    assert_true(reply_is_again(" Yes "));
    assert_false(reply_is_again("yes I will"));
    assert_false(reply_is_again("sure"));
    assert_false(reply_is_again("y"));
    assert_false(reply_is_again("yes please"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors__are_taken_as_they_must),
        cmocka_unit_test(more_texts__are_taken_as_people_mean_them),
        cmocka_unit_test(intents__are_exact_words),
    };

    return cmocka_run_group_tests_name("core/reply/words", tests, NULL, NULL);
}
