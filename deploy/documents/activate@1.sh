# activate: ROOT/current points to releases/SHA from here on, in one step; harmless when run twice.
root="${SLIPWAY_HOST_ROOT:-}$SLIPWAY_ROOT"
target="releases/$SLIPWAY_SHA"
[ -d "$root/$target" ] || { echo "release $SLIPWAY_SHA was not fetched here" >&2; exit 1; }
live=$(readlink -- "$root/current" 2>/dev/null || true)
if [ "$live" != "$target" ]; then
    [ -z "$live" ] || printf '%s\n' "${live##*/}" > "$root/previous"
    ln -sfn -- "$target" "$root/.current-new"
    mv -T -- "$root/.current-new" "$root/current"
fi
echo "current is $SLIPWAY_SHA"
echo "commit=$(basename -- "$(readlink -- "$root/current")")" >> "$SLIPWAY_RESULT"
