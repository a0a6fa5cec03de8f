/* What a leaf's set depends on, as bytes: under them it is kept. */
#include <string.h>

#include "core/index/view.h"

void
index_key_number(struct buf *key, int64_t n)
{
    buf_add(key, &n, sizeof n);
}

static void
key_text(struct buf *key, const char *text)
{
    index_key_number(key, (int64_t)strlen(text));
    buf_add_str(key, text);
}

static void
key_value(struct buf *key, const struct leaf_value *v)
{
    index_key_number(key, v->flag + 2 * v->any_campaign);
    index_key_number(key, v->days);
    index_key_number(key, v->campaign);
    index_key_number(key, (int64_t)v->choice);
    if (v->text)
        key_text(key, v->text);
    index_key_number(key, (int64_t)v->word_count);
    for (size_t i = 0; i < v->word_count; i++)
        key_text(key, v->words[i]);
    for (size_t i = 0; i < v->numbers.count; i++) {
        const struct number *n = &v->numbers.at[i].value;

        index_key_number(key, v->numbers.at[i].op);
        index_key_number(key, n->whole);
        index_key_number(key, n->integer);
        buf_add(key, &n->real, sizeof n->real);
    }
}

static bool
asks_time(const struct leaf *leaf)
{
    if (leaf->spec->kind == LEAF_NEXT_APPOINTMENT ||
        (leaf->spec->kind == LEAF_APPOINTMENT && leaf->values[APPOINTMENT_UPCOMING].given))
        return true;
    for (size_t i = 0; i < leaf->spec->key_count; i++)
        if (leaf->values[i].given && leaf->spec->keys[i].kind == VALUE_DAYS)
            return true;
    return false;
}

void
index_leaf_key(const struct leaf *leaf, const struct segment_env *env, struct buf *key)
{
    const struct config *config = env->config;

    index_key_number(key, leaf->spec->kind);
    for (size_t i = 0; i < leaf->spec->key_count; i++)
        if (leaf->values[i].given) {
            index_key_number(key, (int64_t)i);
            key_value(key, &leaf->values[i]);
        }
    if (leaf->spec->kind == LEAF_CONTACTED_BY)
        return; /* followed through time: contacted.c */
    if (asks_time(leaf))
        index_key_number(key, env->now_s);
    if (leaf->spec->kind == LEAF_CONVERSATION && leaf->values[CONVERSATION_BOOKING_INTENT].given)
        for (size_t i = 0; i < config->segments.booking_intent_outcomes.count; i++)
            key_text(key, config->segments.booking_intent_outcomes.items[i]);
}
