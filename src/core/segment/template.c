/* The segment templates of data/segment_templates.yaml, read once. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/embed.h"
#include "core/base/mem.h"
#include "core/config/yaml.h"
#include "core/segment/segment.h"

static const char FILE_NAME[] = "data/segment_templates.yaml";

static struct {
    pthread_once_t once;
    struct segment_template *list;
    size_t count;
    struct yaml_doc doc; /* kept for ever: the templates borrow from it */
} templates = {.once = PTHREAD_ONCE_INIT};

/* The file is part of the program: what is wrong with it is our own mistake. */
static void
broken(const char *what, const char *where)
{
    (void)fprintf(stderr, "canvass: %s: %s %s\n", FILE_NAME, what, where);
    abort();
}

static void
load(void)
{
    const struct embed_file *file = embed_find(FILE_NAME);
    struct error err = {0};
    json_t *rows;
    json_t *row;
    size_t i;

    if (!file)
        broken("not part of the program", "");
    if (!yaml_parse(file->data, (size_t)(file->end - file->data), &templates.doc, &err))
        broken(err.text, err.path);
    rows = json_object_get(templates.doc.root, "templates");
    templates.list = mem_calloc(json_array_size(rows) + 1, sizeof *templates.list);
    json_array_foreach(rows, i, row)
    {
        const struct segment_template t = {
            .name = json_string_value(json_object_get(row, "name")),
            .title = json_string_value(json_object_get(row, "title")),
            .description = json_string_value(json_object_get(row, "description")),
            .criteria = json_object_get(row, "criteria"),
        };
        struct criteria *c = t.criteria ? criteria_from_json(t.criteria, &err) : NULL;

        if (!t.name || !t.title || !t.description || !c)
            broken("a template is not whole:", err.text);
        criteria_free(c);
        templates.list[templates.count++] = t;
    }
}

const struct segment_template *
segment_template_list(size_t *count)
{
    (void)pthread_once(&templates.once, load);
    *count = templates.count;
    return templates.list;
}

const struct segment_template *
segment_template_find(const char *name)
{
    size_t count = 0;
    const struct segment_template *list = segment_template_list(&count);

    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].name, name) == 0)
            return &list[i];
    return NULL;
}
