# migrate-run: the database follows the commit, from a checkout that does not serve yet.
#
# For Rails (`with: { tool: rails }`). Ends so:
#
#      0   migrate=changed    done; run again it finds nothing pending and changes nothing
#      75  migrate=unknown    nobody can say: the application's own lock is held by somebody else,
#                             perhaps by what an earlier, lost client left running in the database
#                             (ConcurrentMigrationError), or rails was killed while its SQL may go on
#      1                      it failed, in rails' own words above
#
# Started at most once for a commit and database; nothing here starts it again.
set -eu
cd -- "${SLIPWAY_HOST_ROOT:-}${SLIPWAY_ROOT:?no root is configured for this repository}/releases/$SLIPWAY_SHA"
log="$SLIPWAY_RESULT.log"
end="$SLIPWAY_RESULT.end"
{
    code=0
    bin/rails db:migrate 2>&1 || code=$?
    echo "$code" > "$end"
} | tee -- "$log"
code=$(cat -- "$end")
concurrent=$(grep -c ConcurrentMigrationError -- "$log" || true)
rm -f -- "$log" "$end"
if [ "$code" -eq 0 ]; then
    echo migrate=changed >> "$SLIPWAY_RESULT"
    exit 0
fi
if [ "$concurrent" -gt 0 ] || [ "$code" -ge 128 ]; then
    echo "nobody can say how far this got; it is not started again by itself" >&2
    echo migrate=unknown >> "$SLIPWAY_RESULT"
    exit 75
fi
echo "bin/rails db:migrate ended with $code" >&2
exit 1
