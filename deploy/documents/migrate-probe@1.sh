# migrate-probe: what is pending, and who is in the database? Read-only, from the checkout of the release.
#
# For Rails (`with: { tool: rails }`) on PostgreSQL. Writes pending=N and holders=N: both zero is proof that nothing is
# left to do and nobody is doing it. The backend of the lost command is looked for by its name, slipway-COMMAND, first;
# then whoever holds the lock by which Rails keeps migrations of this database apart. Other advisory locks are the
# application's own (of its queues, say) and say nothing. On another database only pending is written, which proves
# nothing by itself.
set -eu
cd -- "${SLIPWAY_HOST_ROOT:-}${SLIPWAY_ROOT:?no root is configured for this repository}/releases/$SLIPWAY_SHA"
: "${SLIPWAY_ATTEMPT:?which attempt is it about?}"
code=0
status=$(bin/rails db:migrate:status 2>&1) || code=$?
printf '%s\n' "$status"
if [ "$code" -eq 0 ]; then
    pending=$(printf '%s\n' "$status" | grep -c '^[[:space:]]*down[[:space:]]' || true)
else
    case "$status" in
    *"Schema migrations table does not exist yet"*) pending=$(ls -1 -- db/migrate | grep -c '\.rb$' || true) ;;
    *)
        echo "bin/rails db:migrate:status ended with $code" >&2
        exit 1
        ;;
    esac
fi
echo "$pending pending"
echo "pending=$pending" >> "$SLIPWAY_RESULT"
holders=$(bin/rails runner '
c = ActiveRecord::Base.connection
if c.adapter_name =~ /postg/i
  name = c.quote("slipway-" + ENV.fetch("SLIPWAY_ATTEMPT"))
  here = "pid <> pg_backend_pid()"
  named = c.select_value("select count(*) from pg_stat_activity where application_name = #{name} and #{here}").to_i
  key = ActiveRecord::Migrator::MIGRATOR_SALT * Zlib.crc32(c.current_database)
  locks = c.select_value("select count(*) from pg_locks where locktype = $$advisory$$ and granted and #{here} and objsubid = 1 " \
                         "and (classid::bigint << 32) + objid::bigint = #{key} " \
                         "and database = (select oid from pg_database where datname = current_database())").to_i
  puts "slipway: #{named} named backends, #{locks} holders of the migration lock"
  puts "slipway-holders=#{named + locks}"
end')
printf '%s\n' "$holders"
number=$(printf '%s\n' "$holders" | sed -n 's/^slipway-holders=\([0-9][0-9]*\)$/\1/p' | tail -n 1)
if [ -n "$number" ]; then
    echo "holders=$number" >> "$SLIPWAY_RESULT"
else
    echo "note=who holds the database is only known of PostgreSQL" >> "$SLIPWAY_RESULT"
fi
