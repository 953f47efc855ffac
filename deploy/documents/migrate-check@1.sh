# migrate-check: is there anything to migrate? Read-only. A line migrate=none ends the job well.
cd -- "${SLIPWAY_HOST_ROOT:-}$SLIPWAY_ROOT/releases/$SLIPWAY_SHA"
status=$(bin/rails db:migrate:status)
printf '%s\n' "$status"
if ! printf '%s\n' "$status" | grep -q '^ *down '; then
    echo migrate=none >> "$SLIPWAY_RESULT"
fi
