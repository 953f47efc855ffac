# The least of a Rails application that migrates: Debian's packages, no Gemfile. Where the database is, libpq's own
# variables say (PGHOST, PGUSER), as on hosts.
require "rails"
require "active_record/railtie"

module Shop
  class Application < Rails::Application
    config.load_defaults 6.1
    config.eager_load = false
    config.secret_key_base = "of no use here, and long enough for Rails"
    config.active_record.dump_schema_after_migration = false
    config.active_record.migration_error = false
    config.logger = Logger.new(File::NULL)
  end
end
