#!/bin/sh
# Prints a C table of the files named on the command line, their bytes taken in by the assembler.
set -eu
printf '#include "core/base/embed.h"\n#include <string.h>\n'
i=0
for f in "$@"; do
    printf '__asm__(".pushsection .rodata\\n.balign 16\\n.globl embed_%d\\nembed_%d:\\n.incbin \\"%s\\"\\n.globl embed_%d_end\\nembed_%d_end:\\n.byte 0\\n.popsection\\n");\n' "$i" "$i" "$f" "$i" "$i"
    printf 'extern const char embed_%d[] __attribute__((visibility("hidden")));\nextern const char embed_%d_end[] __attribute__((visibility("hidden")));\n' "$i" "$i"
    i=$((i + 1))
done
printf 'static const struct embed_file files[] = {\n'
i=0
for f in "$@"; do
    printf '    {"%s", embed_%d, embed_%d_end},\n' "$f" "$i" "$i"
    i=$((i + 1))
done
cat <<'C'
};

const struct embed_file *
embed_list(size_t *count)
{
    *count = sizeof files / sizeof files[0];
    return files;
}

const struct embed_file *
embed_find(const char *name)
{
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (strcmp(files[i].name, name) == 0)
            return &files[i];
    return NULL;
}
C
