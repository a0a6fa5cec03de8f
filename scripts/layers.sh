#!/bin/sh
# The direction of dependencies and the banned calls (docs/architecture.md). Prints what breaks them.
set -u
cd "$(dirname "$0")/.."
bad=0
check() { # what, lines found
    [ -z "$2" ] && return
    echo "$1"
    printf '%s\n' "$2" | sed 's/^/  /'
    bad=1
}
inc() { grep -rnE "#include $1" src --include=*.[ch]; }
check "only src/ui/term may include curses:" "$(inc '<(curses|ncurses|ncursesw/.*|panel|menu|form)\.h>' | grep -v '^src/ui/term/')"
check "only src/core/store may include sqlite3.h:" "$(inc '<sqlite3\.h>' | grep -v '^src/core/store/')"
check "only src/net and src/sim may include curl:" "$(inc '<curl/' | grep -vE '^src/(net|sim)/')"
check "only src/net may include libpq:" "$(inc '<libpq.*\.h>' | grep -v '^src/net/')"
check "only src/core/report/export_xlsx.c may include xlsxwriter.h:" "$(inc '<xlsxwriter.*\.h>' | grep -v '^src/core/report/export_xlsx.c')"
check "only src/serve may include microhttpd.h:" "$(inc '<microhttpd\.h>' | grep -v '^src/serve/')"
check "core points at nobody:" "$(inc '"(ui|cli|net|relay|sim|serve)/' | grep '^src/core/')"
check "base points at base:" "$(inc '"core/(store|config|replica|segment|campaign|query|outbox|reply|report|engine|port|webhook)/' | grep '^src/core/base/')"
check "net knows core only:" "$(inc '"(ui|cli|relay|sim|serve)/' | grep '^src/net/')"
check "ui knows core only:" "$(inc '"(net|cli|relay|sim|serve)/' | grep '^src/ui/')"
check "cli knows core only:" "$(inc '"(net|ui|relay|sim|serve)/' | grep '^src/cli/')"
check "relay knows serve and core:" "$(inc '"(net|ui|cli|sim)/' | grep '^src/relay/')"
check "sim knows serve and core:" "$(inc '"(net|ui|cli|relay)/' | grep '^src/sim/')"
check "banned calls:" "$(grep -rnE '(^|[^a-z_])(strcpy|strcat|sprintf|strtok|strncpy|gets|atoi|atol|localtime|gmtime|ctime|asctime|mktemp|system|popen|alloca|rand)\(' src --include=*.c)"
check "unfinished words:" "$(grep -rnE '\b(TODO|FIXME|XXX|HACK)\b' src data themes --include=*)"
[ "$bad" = 0 ] && echo "layers: clean"
exit "$bad"
