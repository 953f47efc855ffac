# Sourced by the checks. Each takes [TREE [BUILD]] and complains in lines "file:line: what"; it passes if it
# has nothing to say. tests/lint/selftest gives each a tree with a mistake and wants the complaint.

tree=${1:-${SLIPWAY_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}}
build=${2:-${SLIPWAY_DEV:-$tree/build/dev}}
cd "$tree" || exit 2
complaints=$(mktemp)
trap 'rm -f "$complaints"' EXIT

# Files of the tree with one of the endings, as git would track them (a plain folder: all of them).
tree_files() {
    if [ -e .git ]; then
        git ls-files --cached --others --exclude-standard -- "$@" | while read -r f; do
            [ -f "$f" ] && echo "$f"
        done
    else
        find . -type f | sed 's|^\./||' | while read -r f; do
            for pattern in "$@"; do
                # shellcheck disable=SC2053
                [[ $f == $pattern ]] && echo "$f" && break
            done
        done
    fi | sort
}

# Source files of the product.
product_files() {
    tree_files '*.c' '*.h' | grep -E '^(lib|server|agent|cli)/'
}

# Ends the check: prints what was found and says so by the exit code.
verdict() {
    if [ -s "$complaints" ]; then
        sort -u "$complaints"
        echo "$(sort -u "$complaints" | wc -l) complaints"
        exit 1
    fi
    exit 0
}
