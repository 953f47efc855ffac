# fetch: the wanted commit, and only it, into ROOT/releases/SHA. Not in use yet; harmless when run twice.
# From the environment: SLIPWAY_SHA, SLIPWAY_ROOT, SLIPWAY_MIRROR, SLIPWAY_BRANCH, SLIPWAY_KEEP,
# SLIPWAY_PREVIOUS_SHA; SLIPWAY_HOST_ROOT goes in front of ROOT (several hosts on one machine).
root="${SLIPWAY_HOST_ROOT:-}$SLIPWAY_ROOT"
target="$root/releases/$SLIPWAY_SHA"
mkdir -p "$root/releases"
if [ -d "$target" ]; then
    echo "release ${SLIPWAY_SHA} is here already"
else
    work="$root/releases/.fetch-$SLIPWAY_SHA"
    rm -rf -- "$work"
    git init -q -- "$work"
    git -C "$work" remote add origin "$SLIPWAY_MIRROR"
    # The commit by its id; a server that does not allow that is asked for the branch.
    if ! git -C "$work" -c protocol.file.allow=always fetch -q --depth 1 --no-tags origin "$SLIPWAY_SHA"; then
        echo "the server does not give a commit by its id; fetching branch $SLIPWAY_BRANCH"
        git -C "$work" -c protocol.file.allow=always fetch -q --no-tags origin "refs/heads/$SLIPWAY_BRANCH"
    fi
    git -C "$work" -c advice.detachedHead=false checkout -q "$SLIPWAY_SHA"
    [ "$(git -C "$work" rev-parse HEAD)" = "$SLIPWAY_SHA" ]
    rm -rf -- "$work/.git"
    mv -T -- "$work" "$target"
    echo "fetched ${SLIPWAY_SHA}"
fi
# Keep the newest; never the one in use, the one before it, or the wanted one.
live=$(readlink -- "$root/current" 2>/dev/null || true)
before=$(cat -- "$root/previous" 2>/dev/null || true)
touch -c -- "$target"
ls -1t -- "$root/releases" | while read -r name; do
    case "$name" in
    "$SLIPWAY_SHA" | "${live##*/}" | "$before" | "${SLIPWAY_PREVIOUS_SHA:-none}" | .fetch-*) ;;
    *)
        kept=$((${kept:-1} + 1))
        if [ "$kept" -gt "$SLIPWAY_KEEP" ]; then
            rm -rf -- "$root/releases/$name"
            echo "removed old release $name"
        fi
        ;;
    esac
done
