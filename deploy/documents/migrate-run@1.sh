# migrate-run: the database follows the commit, from a checkout that does not serve yet.
#
# For Rails (`with: { tool: rails }`). Ends so:
#
#      0   migrate=changed    done; run again it finds nothing pending and changes nothing
#      75  migrate=unknown    nobody can say: the application's own lock is held by somebody else,
#                             perhaps by what an earlier, lost client left running in the database
#                             (ConcurrentMigrationError), or rails was killed or lost its connection
#                             while its SQL may go on, or what it said could not be kept; note= has which
#      1                      it failed, in rails' own words above
#
# Started at most once for a commit and database; nothing here starts it again.
set -eu
# What PostgreSQL's and MySQL's clients say when they lost their server, or who calls them of it.
LOST='server closed the connection|terminating connection|no connection to the server|could not (receive|send)'
LOST="$LOST|SSL (SYSCALL|connection|error)|Connection(Bad|Failed|NotEstablished)|Connection reset|Broken pipe|[Tt]imed out"
LOST="$LOST|Timeout waiting|Lost connection to|server has gone away"
cd -- "${SLIPWAY_HOST_ROOT:-}${SLIPWAY_ROOT:?no root is configured for this repository}/releases/$SLIPWAY_SHA"
log="$SLIPWAY_RESULT.log"
# Its code, and whether all that it said stands in the log, come by descriptor 3 and need no room on a disk.
exec 4>&1
said=$({
    {
        code=0
        bin/rails db:migrate 2>&1 3>&- 4>&- || code=$?
        echo "$code" >&3
    } | tee -- "$log" >&4 || echo cut >&3
} 3>&1)
exec 4>&-
code=${said%%[!0-9]*}
why=
if [ -z "$code" ]; then
    why="how bin/rails ended could not be seen; it may be at it still"
elif [ "$code" -eq 0 ]; then
    :
elif grep -qs ConcurrentMigrationError -- "$log"; then
    why="somebody else holds the application's own migration lock"
elif [ "$code" -ge 128 ]; then
    why="bin/rails was killed (signal $((code - 128))); its SQL may live on in the database"
elif grep -qsE "$LOST" -- "$log"; then
    why="bin/rails lost its connection to the database; its SQL may live on there, or have come to its end"
elif [ "$said" != "$code" ]; then
    why="bin/rails ended with $code, and what it said could not be kept (is the disk full?): it may have lost its connection"
fi
rm -f -- "$log" || :
if [ -n "$why" ]; then
    echo "$why; it is not started again by itself" >&2
    # Who cannot even say so ends by a signal, which means the same.
    { echo "note=$why" && echo migrate=unknown; } >> "$SLIPWAY_RESULT" || kill -s KILL $$
    exit 75
fi
if [ "$code" -eq 0 ]; then
    echo migrate=changed >> "$SLIPWAY_RESULT" || : # a success that does not say so has changed something
    exit 0
fi
echo "bin/rails db:migrate ended with $code" >&2
exit 1
