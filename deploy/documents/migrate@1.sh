# migrate: the database follows the code, once, on this host, from a checkout that does not serve yet.
# A concurrent-migration error means that somebody else migrates: the outcome is unknown, not a success,
# and the line migrate=unknown says so.
cd -- "${SLIPWAY_HOST_ROOT:-}$SLIPWAY_ROOT/releases/$SLIPWAY_SHA"
log="$SLIPWAY_RESULT.log"
status=0
bin/rails db:migrate > "$log" 2>&1 || status=$?
cat -- "$log"
if [ "$status" -ne 0 ]; then
    if grep -q 'ConcurrentMigrationError' "$log"; then
        echo migrate=unknown >> "$SLIPWAY_RESULT"
    fi
    exit "$status"
fi
echo migrate=changed >> "$SLIPWAY_RESULT"
