# migrate-run: the database follows the commit, from a checkout that does not serve yet.
#
# For Rails (`with: { tool: rails }`). Ends so:
#
#      0   migrate=changed    done; run again it finds nothing pending and changes nothing
#      75  migrate=unknown    nobody can say: the application's own lock is held by somebody else,
#                             perhaps by what an earlier, lost client left running in the database
#                             (ConcurrentMigrationError), or rails was killed or lost its connection
#                             while its SQL may go on; note= has which
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
why=
if grep -q ConcurrentMigrationError -- "$log"; then
    why="somebody else holds the application's own migration lock"
elif [ "$code" -ge 128 ]; then
    why="bin/rails was killed (signal $((code - 128))); its SQL may live on in the database"
elif grep -qE 'server closed the connection|terminating connection|Lost connection to|server has gone away' -- "$log"; then
    why="bin/rails lost its connection to the database; its SQL may live on there, or have come to its end"
fi
rm -f -- "$log" "$end"
if [ "$code" -eq 0 ]; then
    echo migrate=changed >> "$SLIPWAY_RESULT"
    exit 0
fi
if [ -n "$why" ]; then
    echo "$why; it is not started again by itself" >&2
    echo "note=$why" >> "$SLIPWAY_RESULT"
    echo migrate=unknown >> "$SLIPWAY_RESULT"
    exit 75
fi
echo "bin/rails db:migrate ended with $code" >&2
exit 1
