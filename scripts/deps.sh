#!/bin/sh
# Makes sure that the Debian or Ubuntu packages named below are installed; says what is missing and why.
# usage: deps.sh build|test
set -eu
build="gcc:the_compiler make:runs_the_build libc6-dev:C_headers libncurses-dev:the_console's_screen
libsqlite3-dev:ledger_and_replica libcurl4-openssl-dev:calls_to_providers_and_relay libpq-dev:main_databases_on_PostgreSQL libjansson-dev:JSON libyaml-dev:configuration libxlsxwriter-dev:exports_as_XLSX
libssl-dev:webhook_signatures libmicrohttpd-dev:relay_and_simulator tzdata:time_zones_of_recipients"
test="libcmocka-dev:unit_tests tmux:tests_of_the_screen python3:end-to-end_tests clang:second_compiler
sqlite3:looks_into_databases_in_tests postgresql:a_private_server_in_tests nginx:a_proxy_before_the_relay_in_tests openssl:certificates_in_tests"
case "${1:-build}" in
build) want=$build ;;
test) want="$build $test" ;;
*) echo "usage: deps.sh build|test" >&2; exit 2 ;;
esac
command -v dpkg-query >/dev/null 2>&1 || {
    echo "This is not Debian or Ubuntu: install the libraries that README.md names, then run make." >&2
    exit 0
}
missing=""
for entry in $want; do
    name=${entry%%:*}
    if ! dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed'; then
        [ -n "$missing" ] || echo "Missing packages:"
        echo "  $name ($(echo "${entry#*:}" | tr _ ' '))"
        missing="$missing $name"
    fi
done
[ -n "$missing" ] || exit 0
as_root=""
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 || { echo "Install them as root: apt-get install$missing" >&2; exit 1; }
    as_root=sudo
fi
echo "Installing them with apt-get."
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
$as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1 || {
    $as_root apt-get update -qq
    $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
}
echo "Installed."
