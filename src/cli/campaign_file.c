/* canvass campaign create, edit: a file in YAML or JSON, with errors that tell the place. */
#include "cli/campaign.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/fileio.h"
#include "core/base/text.h"
#include "core/config/yaml.h"

enum { FILE_MAX_BYTES = 1 << 20 };

static bool
looks_like_json(const char *path, const struct buf *text)
{
    const char *dot = strrchr(path, '.');
    const char *first = buf_str(text) + strspn(buf_str(text), " \t\r\n");

    if (dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0))
        return false;
    return (dot && strcmp(dot, ".json") == 0) || *first == '{' || *first == '[';
}

/* JSON is read as what it is; its places come from reading it as YAML, when that works too. */
static bool
parse_json(const struct buf *text, struct yaml_doc *out, struct error *err)
{
    struct error ignored = {0};
    json_error_t wrong;
    char place[48];
    json_t *root = json_loadb(buf_str(text), text->len, JSON_REJECT_DUPLICATES, &wrong);

    if (!root) {
        (void)snprintf(place, sizeof place, "%d:%d", wrong.line, wrong.column);
        return error_set_at(err, ERR_INVALID, place, "%s", wrong.text);
    }
    if (!yaml_parse(buf_str(text), text->len, out, &ignored))
        *out = (struct yaml_doc){0};
    json_decref(out->root);
    out->root = root;
    return true;
}

static bool
load_file(const char *path, struct yaml_doc *out, struct error *err)
{
    struct buf text = {0};
    char place[sizeof err->path];
    bool ok = file_read(path, FILE_MAX_BYTES, &text, err);

    if (!ok)
        goto out;
    ok = looks_like_json(path, &text) ? parse_json(&text, out, err)
                                      : yaml_parse(buf_str(&text), text.len, out, err);
    if (!ok && err->code == ERR_INVALID && err->path[0]) {
        (void)snprintf(place, sizeof place, "%s:%s", path, err->path);
        (void)text_copy(err->path, sizeof err->path, place);
    }
    if (ok && !out->root)
        ok = error_set_at(err, ERR_INVALID, path, "the file is empty");
out:
    buf_release(&text);
    return ok;
}

/*
 * The error has a JSON Pointer. For people the place in the file stands in front; for programs the
 * pointer stays in "path" and the place goes into the text.
 */
static void
tell_place(const struct campaign_job *j, const struct yaml_doc *doc, struct error *err)
{
    const bool whole = strcmp(err->path, "/") == 0;
    const struct yaml_place *place;
    char text[sizeof err->text];
    char where[sizeof err->path];

    if (err->code != ERR_INVALID || err->path[0] != '/' || doc->place_count == 0)
        return;
    place = yaml_place_of(doc, whole ? "" : err->path);
    if (!place)
        return;
    (void)snprintf(where, sizeof where, "%s:%d:%d", j->file, place->line, place->column);
    if (j->cli->json) {
        (void)snprintf(text, sizeof text, "%.160s: %.340s", where, err->text);
    } else {
        (void)snprintf(text, sizeof text, "%s: %.310s", err->path, err->text);
        (void)text_copy(err->path, sizeof err->path, where);
    }
    (void)text_copy(err->text, sizeof err->text, text);
}

static int
print_id(const struct campaign_job *j, int64_t id, const char *words)
{
    if (j->cli->json)
        return cli_print_json(json_pack("{s:I}", "id", (json_int_t)id));
    cli_printf("campaign %" PRId64 "%s\n", id, words);
    return EXIT_DONE;
}

int
campaign_run_create(struct campaign_job *j, struct error *err)
{
    struct yaml_doc doc = {0};
    int64_t id = 0;
    bool ok = load_file(j->file, &doc, err);

    if (ok && !campaign_create(j->ledger, &j->config, doc.root, true, j->cli->now_s, &id, err)) {
        tell_place(j, &doc, err);
        ok = false;
    }
    yaml_release(&doc);
    return ok ? print_id(j, id, ", a draft") : -1;
}

int
campaign_run_edit(struct campaign_job *j, struct error *err)
{
    struct yaml_doc doc = {0};
    bool ok = load_file(j->file, &doc, err);

    if (ok && !campaign_edit(j->ledger, &j->config, j->id, doc.root, true, j->cli->now_s, err)) {
        tell_place(j, &doc, err);
        ok = false;
    }
    yaml_release(&doc);
    return ok ? print_id(j, j->id, " changed") : -1;
}
