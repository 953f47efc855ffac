# Sourced by the kill tests: a world whose shop migrates slowly, in the middle of a production deploy.
set -u
top=${SLIPWAY_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
bin=${SLIPWAY_BIN:-$top/build/release}
data=${TMPDIR:-/tmp}/world
log=$data/log
fail() {
    echo "not ok 1 - $1"
    [ -z "${2:-}" ] || tail -n 30 "$2" | sed 's/^/# /'
    exit 1
}
# Several worlds may be made at the same time: each asks for ports of its own, below those that the system gives out.
first=$((20000 + $$ % 500 * 20))
ports=$(seq -s ' ' $first $((first + 13)))
. "$top/deploy/world.sh"
trap world_stop EXIT
mkdir -p "$log"
echo "1..4"

# To stage, then due in production in so many seconds; the migration takes three.
begin_production() {
    world_make
    printf '%s\n' '#!/bin/sh' 'echo begun >> "$DATABASES/$SLIPWAY_ENVIRONMENT.starts"' 'sleep 3' \
        'exec python3 "$(dirname "$0")/database.py" migrate' > "$data/slow-migrate"
    chmod 755 "$data/slow-migrate"
    github open acme/rails-app --title "Coupons" --set bin/migrate="$data/slow-migrate" \
        --set db/migrate/002_add_coupon_to_orders.sql="$top/deploy/examples/changes/002_add_coupon_to_orders.sql" > /dev/null
    github merge acme/rails-app 1 > /dev/null
    expect_success acme/rails-app r2 stage 60
    write_config "$(local_time $(($(date +%s) + $1)))"
    kill -HUP "$server"
    until_ 60 test -s "$data/databases/production.starts" || fail "the migration did not begin" "$log/slipwayd.log"
}

# The same end, and nothing twice.
check_end() {
    expect_success acme/rails-app r2 production 120
    echo "ok 1 - the deployment ends well"
    if [ "$(wc -l < "$data/databases/production.starts")" = 1 ]; then
        echo "ok 2 - the migration began once"
    else
        echo "not ok 2 - the migration began $(wc -l < "$data/databases/production.starts") times"
    fi
    local started twice
    started=$(cat "$data"/hosts/*/agent/journal | grep '"kind":"started"' | grep -o '"command":"[^"]*"' | sort)
    twice=$(uniq -d <<< "$started")
    if [ -n "$started" ] && [ -z "$twice" ]; then
        echo "ok 3 - I4: no command was started twice"
    else
        echo "not ok 3 - I4: started twice: ${twice:-nothing was started at all}"
    fi
    if slipway doctor | grep -q '^ok *journal'; then echo "ok 4 - I10: the journal's chain holds"; else echo "not ok 4 - I10"; fi
}
