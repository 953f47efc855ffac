# migrate-check: is there anything to migrate? Read-only, from a checkout that does not serve yet.
#
# Writes migrate=none when nothing is pending: then the job is over, and well. For Rails
# (`with: { tool: rails }`): db:migrate:status marks what is pending as down.
set -eu
cd -- "${SLIPWAY_HOST_ROOT:-}${SLIPWAY_ROOT:?no root is configured for this repository}/releases/$SLIPWAY_SHA"
code=0
status=$(bin/rails db:migrate:status 2>&1) || code=$?
printf '%s\n' "$status"
if [ "$code" -ne 0 ]; then
    case "$status" in
    *"Schema migrations table does not exist yet"*)
        echo "a new database: everything is pending"
        exit 0
        ;;
    esac
    echo "bin/rails db:migrate:status ended with $code" >&2
    exit 1
fi
pending=$(printf '%s\n' "$status" | grep -c '^[[:space:]]*down[[:space:]]' || true)
echo "$pending pending"
if [ "$pending" -eq 0 ]; then
    echo migrate=none >> "$SLIPWAY_RESULT"
fi
