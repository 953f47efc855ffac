# publish: a site of files. SLIPWAY_ROOT/current is what is served; it points to the commit, or to its
# folder SLIPWAY_WITH_DIR (`with: { dir: public }`), from here on, in one step.
#
# Writes commit=SHA, read back from the link. Harmless when run twice or after an interruption; what
# was live before stays known as the link `previous`.
set -eu
umask 022
root="${SLIPWAY_HOST_ROOT:-}${SLIPWAY_ROOT:?no root is configured for this repository}"
dir="${SLIPWAY_WITH_DIR:-}"
wanted="releases/$SLIPWAY_SHA${dir:+/$dir}"

point() {                                    # point LINK at WHAT
    ln -sfn -- "$2" "$root/.$1-new"
    mv -T -- "$root/.$1-new" "$root/$1"
}

case "/$dir/" in
//*/ | */../* | */./*)
    echo "dir must be a folder of the repository, such as public, not $dir" >&2
    exit 1
    ;;
esac
if [ ! -d "$root/$wanted" ]; then
    echo "$root/$wanted is not there: not fetched on this host, or no such folder in the commit" >&2
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
echo "published $live"
live=${live#releases/}
echo "commit=${live%%/*}" >> "$SLIPWAY_RESULT"
