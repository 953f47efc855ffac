# activate: SLIPWAY_ROOT/current points to releases/SHA from here on, in one step.
#
# Writes commit=SHA, read back from the link. Harmless when run twice or after an interruption; what
# was live before stays known as the link `previous`.
set -eu
umask 022
root="${SLIPWAY_HOST_ROOT:-}${SLIPWAY_ROOT:?no root is configured for this repository}"
wanted="releases/$SLIPWAY_SHA"

point() {                                    # point LINK at WHAT
    ln -sfn -- "$2" "$root/.$1-new"
    mv -T -- "$root/.$1-new" "$root/$1"
}

if [ ! -d "$root/$wanted" ]; then
    echo "$root/$wanted is not there: this commit was not fetched on this host" >&2
    exit 1
fi
if [ -e "$root/current" ] && [ ! -L "$root/current" ]; then
    echo "$root/current is not a link; move it away once, then run this again" >&2
    exit 1
fi
live=$(readlink -- "$root/current" || true)
if [ "$live" != "$wanted" ]; then
    [ -z "$live" ] || point previous "$live"
    point current "$wanted"
fi
live=$(readlink -- "$root/current")
echo "current is $live"
echo "commit=${live#releases/}" >> "$SLIPWAY_RESULT"
