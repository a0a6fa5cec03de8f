/* Words that no row of the replica holds: no error, but most often a slip. */
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/index/index.h"
#include "core/preview/preview.h"
#include "core/segment/criteria_tree.h"

enum { VOCABULARY_MAX = 2000 }; /* more different words than this are no vocabulary */

struct vocabulary {
    char **words; /* owned */
    size_t count, capacity;
};

static void
vocabulary_add(struct vocabulary *v, const char *word)
{
    v->words = mem_grow(v->words, v->count, &v->capacity, sizeof *v->words);
    v->words[v->count++] = mem_strdup(word);
}

static bool
vocabulary_load_sql(struct db *db, const struct leaf_key *key, struct vocabulary *out,
                    struct error *err)
{
    char *sql = mem_printf("SELECT DISTINCT %s FROM replica.%s WHERE %s IS NOT NULL LIMIT %d",
                           key->column, key->table, key->column, VOCABULARY_MAX);
    struct db_stmt *st = db_prepare(db, sql, err);
    bool row = true;
    bool ok = st != NULL;

    while (ok && row) {
        ok = db_step(st, &row, err);
        if (ok && row)
            vocabulary_add(out, db_column_text(st, 0));
    }
    db_stmt_release(st);
    free(sql);
    return ok;
}

static bool
vocabulary_load(struct db *db, const struct leaf_key *key, struct vocabulary *out,
                struct error *err)
{
    const char *const *words = NULL;
    size_t count = 0;
    bool begun = !db_in_transaction(db);
    struct index_view *v;
    bool ok = !begun || db_begin_read(db, err);

    v = ok ? index_of(db) : NULL;
    if (v && index_used_words(v, key->table, key->column, &words, &count)) {
        for (size_t i = 0; i < count && i < VOCABULARY_MAX; i++)
            vocabulary_add(out, words[i]);
    } else if (ok) {
        ok = vocabulary_load_sql(db, key, out, err);
    }
    if (begun)
        db_rollback(db);
    return ok;
}

static void
vocabulary_release(struct vocabulary *v)
{
    for (size_t i = 0; i < v->count; i++)
        free(v->words[i]);
    free(v->words);
}

static bool
vocabulary_has(const struct vocabulary *v, const char *word)
{
    for (size_t i = 0; i < v->count; i++)
        if (strcmp(v->words[i], word) == 0)
            return true;
    return false;
}

static void
warn(const struct leaf *leaf, const struct leaf_key *key, const char *word,
     const struct vocabulary *known, struct buf *out)
{
    const char *near = known->count ? text_nearest(word, (const char *const *)known->words,
                                                   known->count, sizeof known->words[0])
                                    : NULL;

    buf_printf(out, "%s: no %s has the %s \"", leaf->pointer, key->table, key->column);
    text_sanitise(out, word, strlen(word));
    buf_add_char(out, '"');
    if (near) {
        buf_add_str(out, "; did you mean \"");
        text_sanitise(out, near, strlen(near));
        buf_add_str(out, "\"?");
    }
    buf_add_char(out, '\n');
}

static bool
leaf_words(struct db *db, const struct leaf *leaf, struct buf *out, struct error *err)
{
    for (size_t i = 0; i < leaf->spec->key_count; i++) {
        const struct leaf_key *key = &leaf->spec->keys[i];
        const struct leaf_value *v = &leaf->values[i];
        struct vocabulary known = {0};
        bool ok;

        if (key->kind != VALUE_WORDS || v->word_count == 0)
            continue;
        ok = vocabulary_load(db, key, &known, err);
        for (size_t w = 0; ok && known.count < VOCABULARY_MAX && w < v->word_count; w++)
            if (!vocabulary_has(&known, v->words[w]))
                warn(leaf, key, v->words[w], &known, out);
        vocabulary_release(&known);
        if (!ok)
            return error_wrap(err, "words of the replica");
    }
    return true;
}

static bool
node_words(struct db *db, const struct node *n, struct buf *out, struct error *err)
{
    if (n->kind == NODE_LEAF)
        return leaf_words(db, n->leaf, out, err);
    for (size_t i = 0; i < n->count; i++)
        if (!node_words(db, n->children[i], out, err))
            return false;
    return true;
}

bool
criteria_unknown_words(struct db *db, const struct criteria *c, struct buf *out, struct error *err)
{
    return node_words(db, c->root, out, err);
}

static int
compare_words(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

bool
segment_words(struct db *db, const struct leaf_key *key, char ***out, size_t *count,
              struct error *err)
{
    struct vocabulary known = {0};

    *out = NULL;
    *count = 0;
    if (!key->table)
        return true;
    if (!vocabulary_load(db, key, &known, err)) {
        vocabulary_release(&known);
        return false;
    }
    if (known.words)
        qsort(known.words, known.count, sizeof *known.words, compare_words);
    *out = known.words;
    *count = known.count;
    return true;
}
