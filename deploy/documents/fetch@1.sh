# fetch: exactly the wanted commit into SLIPWAY_ROOT/releases/SHA. It is not in use yet.
#
# Reads SLIPWAY_SHA, _PREVIOUS_SHA, _ROOT, _MIRROR, _BRANCH, _KEEP. With the host's own git and its
# credentials. Does nothing if the folder is there, so rollback and retry work without the mirror.
# Harmless when run twice, at once, or after an interruption: what is half done has another name.
# SLIPWAY_HOST_ROOT, of the host's agent, stands in front of all paths: several hosts on one machine.
set -eu
umask 022
root="${SLIPWAY_HOST_ROOT:-}${SLIPWAY_ROOT:?no root is configured for this repository}"
releases="$root/releases"
target="$releases/$SLIPWAY_SHA"
work="$releases/.fetch-$SLIPWAY_SHA.$$"
export GIT_TERMINAL_PROMPT=0 GIT_ALLOW_PROTOCOL=file:https

quiet_git() {
    git -c core.hooksPath=/dev/null -c gc.auto=0 -c maintenance.auto=false -C "$work" "$@" 9>&-
}

fetch() {
    git init -q --template= -- "$work" 9>&-
    if ! quiet_git fetch -q --depth 1 --no-tags -- "$SLIPWAY_MIRROR" "$SLIPWAY_SHA"; then
        echo "the mirror did not give the commit by its id; fetching branch $SLIPWAY_BRANCH"
        quiet_git fetch -q --no-tags -- "$SLIPWAY_MIRROR" "refs/heads/$SLIPWAY_BRANCH"
    fi
    quiet_git -c advice.detachedHead=false checkout -q --detach "$SLIPWAY_SHA"
    [ "$(quiet_git rev-parse HEAD)" = "$SLIPWAY_SHA" ]
    rm -rf -- "$work/.git"
    sync -f "$work"                          # whole before it has its name
    mv -T -- "$work" "$target"
}

# The commit that a link points to, or nothing.
commit_of() {
    at=$(readlink -- "$root/$1") || return 0
    at=${at#releases/}
    printf '%s' "${at%%/*}"
}

# Keep the newest SLIPWAY_KEEP; never remove what is wanted, live, was live before, or is to be
# gone back to.
prune() {
    live=$(commit_of current)
    before=$(commit_of previous)
    kept=0
    for name in $(ls -1t -- "$releases"); do
        [ ${#name} -eq 40 ] || continue
        kept=$((kept + 1))
        [ "$kept" -gt "$SLIPWAY_KEEP" ] || continue
        case "$name" in
        "$SLIPWAY_SHA" | "${SLIPWAY_PREVIOUS_SHA:-none}" | "${live:-none}" | "${before:-none}") continue ;;
        esac
        mv -T -- "$releases/$name" "$releases/.drop-$name"
        rm -rf -- "$releases/.drop-$name"
        echo "removed old release $name"
    done
}

mkdir -p -- "$releases"
exec 9> "$releases/.lock"
flock 9
rm -rf -- "$releases"/.fetch-* "$releases"/.drop-*   # of runs that were interrupted
if [ -d "$target" ]; then
    echo "$SLIPWAY_SHA is here already"
else
    fetch
    echo "fetched $SLIPWAY_SHA"
fi
touch -c -- "$target"
prune
