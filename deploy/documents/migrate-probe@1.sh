# migrate-probe: what is pending, and who is in the database? Read-only, from the checkout of the release.
#
# For Rails (`with: { tool: rails }`) on PostgreSQL. Writes pending=N and holders=N: both zero is proof that nothing is
# left to do and nobody is doing it. The backend of the lost command is looked for by its name, slipway-COMMAND, first;
# then whoever holds an advisory lock in this database, which is how Rails keeps people apart. On another database
# only pending is written, which proves nothing by itself.
set -eu
cd -- "${SLIPWAY_HOST_ROOT:-}${SLIPWAY_ROOT:?no root is configured for this repository}/releases/$SLIPWAY_SHA"
: "${SLIPWAY_ATTEMPT:?which attempt is it about?}"
code=0
status=$(bin/rails db:migrate:status 2>&1) || code=$?
printf '%s\n' "$status"
if [ "$code" -ne 0 ]; then
    echo "bin/rails db:migrate:status ended with $code" >&2
    exit 1
fi
pending=$(printf '%s\n' "$status" | grep -c '^[[:space:]]*down[[:space:]]' || true)
echo "$pending pending"
echo "pending=$pending" >> "$SLIPWAY_RESULT"
holders=$(bin/rails runner '
c = ActiveRecord::Base.connection
if c.adapter_name =~ /postg/i
  name = c.quote("slipway-" + ENV.fetch("SLIPWAY_ATTEMPT"))
  here = "pid <> pg_backend_pid()"
  named = c.select_value("select count(*) from pg_stat_activity where application_name = #{name} and #{here}").to_i
  locks = c.select_value("select count(*) from pg_locks where locktype = $$advisory$$ and granted and #{here} " \
                         "and database = (select oid from pg_database where datname = current_database())").to_i
  puts "slipway: #{named} named backends, #{locks} advisory locks"
  puts "slipway-holders=#{named + locks}"
end')
printf '%s\n' "$holders"
number=$(printf '%s\n' "$holders" | sed -n 's/^slipway-holders=\([0-9][0-9]*\)$/\1/p' | tail -n 1)
if [ -n "$number" ]; then
    echo "holders=$number" >> "$SLIPWAY_RESULT"
else
    echo "note=who holds the database is only known of PostgreSQL" >> "$SLIPWAY_RESULT"
fi
