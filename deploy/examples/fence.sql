-- A fence in the application's own database, for the one case that nothing outside of it covers: a live memory snapshot of a
-- host that is resumed twice while it migrates. Once, by hand:
--
--      create table slipway_fence (one boolean primary key default true check (one), epoch bigint not null);
--      insert into slipway_fence (epoch) values (0);
--
-- Then as the first step of the migrate job, before its own:
--
--      psql -XAt -v ON_ERROR_STOP=1 -v epoch="$SLIPWAY_EPOCH" -f fence.sql
--
-- Whoever comes with an epoch that was here before ends with an error, and migrates nothing. Another attempt has a higher one.
select set_config('slipway.epoch', :'epoch', false);
do $$
begin
    update slipway_fence set epoch = current_setting('slipway.epoch')::bigint
        where epoch < current_setting('slipway.epoch')::bigint;
    if not found then
        raise exception 'epoch %, or a later one, has migrated here before: nothing is done', current_setting('slipway.epoch');
    end if;
end
$$;
