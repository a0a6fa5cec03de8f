/*
 * A theme: how each role (role.h) looks. One YAML file a theme: themes/NAME.yaml in the tree (built
 * into the program), or NAME.yaml in the folder `themes` beside the configuration, which wins.
 *
 *     description: "For dark terminals"
 *     roles:
 *       ok:    {"true": {fg: "#8ae28a"}, "256": {fg: 114}, "16": {fg: green}}
 *       title: {"true": {attrs: [bold]}, "256": {attrs: [bold]}, "16": {attrs: [bold]}}
 *
 * Colours: default, #rrggbb (true only), 0-255 (256 only), and in 16 black red green yellow blue
 * magenta cyan white, also with bright- before it. attrs: bold, dim, underline, reverse, italic.
 * "mono" may be given too; without it mono takes the attributes of a built-in table. What is not
 * given is the terminal's own.
 */
#ifndef CANVASS_UI_TERM_THEME_H
#define CANVASS_UI_TERM_THEME_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"
#include "ui/term/role.h"

enum term_depth { DEPTH_MONO, DEPTH_16, DEPTH_256, DEPTH_TRUE, DEPTH_COUNT };

#define LOOK_BOLD 1u
#define LOOK_DIM 2u
#define LOOK_UNDERLINE 4u
#define LOOK_REVERSE 8u
#define LOOK_ITALIC 16u

struct look {
    int fg, bg; /* -1: the terminal's own; a palette index, or 0xRRGGBB for DEPTH_TRUE */
    unsigned attrs;
};

struct theme {
    char name[64];
    char description[128];
    struct look looks[DEPTH_COUNT][ROLE_COUNT];
};

/* err.path is "line:column", err.text names role and fault. */
bool theme_parse(const char *name, const char *text, size_t len, struct theme *out,
                 struct error *err) MUST_CHECK;
/* By name: from dir (NULL: none) when it has one, else built in. */
bool theme_load(const char *name, const char *dir, struct theme *out, struct error *err) MUST_CHECK;
/* Black on white, bold and reverse only: works with nothing loaded. */
void theme_plain(struct theme *out);
/* Names that theme_load would find, sorted; caller frees each and the list. */
char **theme_names(const char *dir, size_t *count);

#endif
