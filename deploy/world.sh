# Sourced by deploy/demo and by tests/process: a small world on 127.0.0.1 with two git repositories, a double of
# GitHub, a server, five agents as processes of their own, and the applications of each host.
#
# The includer sets data (a folder of its own), bin (the programs), log, top, and fail TEXT [LOG] [NEXT].

hosts="stage-1 lp-1 web-1 web-2 batch-1"
ports=${ports:-8700 8701 8702 8710 8721 8722 8723 8724 8725 8726 8727 8728 8729 8730} # those wished for
pids=()
slipway() { "$bin/slipway" --config "$data/slipway.yml" "$@"; }
exec_github() { exec python3 "$top/tests/support/fake_github.py" --home "$data/hub" "$@"; }
github() { (exec_github "$@"); }
local_time() { TZ=Asia/Tokyo date -d "@$1" +%H:%M:%S; }

# until_ SECONDS COMMAND...: try until it succeeds.
until_() {
    local end=$((SECONDS + $1))
    shift
    until "$@" > /dev/null 2>&1; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.2
    done
}

start_agent() {
    "$bin/slipway-agent" --state "$data/hosts/$1/agent" >> "$log/agent-$1.log" 2>&1 &
    echo $! > "$data/hosts/$1/agent.pid"
    pids+=($!)
}

free_ports() {
    python3 - "$@" <<'PY'
import socket, sys
held = []
for wanted in sys.argv[1:]:
    s = socket.socket()
    try:
        s.bind(("127.0.0.1", int(wanted)))
    except OSError:
        s.close()
        s = socket.socket()
        s.bind(("127.0.0.1", 0))
    held.append(s)
print(*(s.getsockname()[1] for s in held))
PY
}

# The time of production, as HH:MM:SS in the demo's zone; far away until the second release is on stage.
write_config() {
    cat > "$data/slipway.yml.new" <<YML
version: 1
url: http://127.0.0.1:$web
listen: { webhooks: "127.0.0.1:$webhooks", agents: "127.0.0.1:$agents", web: "127.0.0.1:$web", cli: cli.sock }
timezone: Asia/Tokyo
language: en
state: state
mirror-roots: ["$data/hub/git"]
github: { webhook-secret-files: [webhook-secret], web: "http://127.0.0.1:$pages" }
rights: { view: [anyone] }
repos:
  acme/lp-site:                      # pages and pictures, by the creative team
    mirror: file://$data/hub/git/acme/lp-site.git
    content: { paths: ["pages/**", "images/**"] }
    root: /lp-site
    environments:
      stage:
        on: merge
        url: http://127.0.0.1:$p_stage_1/
        roles: { lp: { agent: { hosts: [stage-1] } } }
      production:
        on: release                  # somebody asks: slipway release
        needs: [stage]
        url: http://127.0.0.1:$p_lp_1/
        roles: { lp: { agent: { hosts: [lp-1] } } }
    jobs:
      publish:
        runs-on: [lp]
        max-parallel: 1
        health: { run: 'curl -fsS "\$(cat "\$SLIPWAY_HOST_ROOT/../site-url")up"', within: 20s }
        steps: [{ uses: fetch }, { uses: publish }]
  acme/rails-app:                    # a shop with a database
    mirror: file://$data/hub/git/acme/rails-app.git
    root: /rails-app
    environments:
      stage:
        on: merge
        url: http://127.0.0.1:$q_stage_1/
        roles: { all: { agent: { hosts: [stage-1] } } }
      production:
        on: schedule
        at: "$1"
        needs: [stage]
        url: http://127.0.0.1:$q_web_1/
        roles:
          web: { agent: { hosts: [web-1, web-2] } }
          batch: { agent: { hosts: [batch-1] } }
    jobs:
      fetch:
        runs-on: [web, batch]
        max-parallel: 100%
        steps: [{ uses: fetch }]
      migrate:                       # on one host only, once
        needs: [fetch]
        runs-on: [batch]
        once: primary-db
        env: { DATABASES: "$data/databases" }
        steps:
          - name: check
            run: |
              cd "\$SLIPWAY_HOST_ROOT/rails-app/releases/\$SLIPWAY_SHA"
              if bin/pending --none; then echo migrate=none >> "\$SLIPWAY_RESULT"; fi
          - name: migrate
            run: |
              cd "\$SLIPWAY_HOST_ROOT/rails-app/releases/\$SLIPWAY_SHA"
              bin/migrate
              echo migrate=changed >> "\$SLIPWAY_RESULT"
      web:
        needs: [migrate]
        runs-on: [web]
        max-parallel: 1              # one after the other, each with its health check
        health: { run: 'curl -fsS "\$(cat "\$SLIPWAY_HOST_ROOT/../shop-url")up" | grep -F "\$(echo "\$SLIPWAY_SHA" | cut -c1-7)"', within: 30s }
        steps: [{ uses: activate }, { uses: restart, with: { command: "$data/restart-shop" } }]
      batch:
        needs: [migrate]
        runs-on: [batch]
        steps: [{ uses: activate }]
YML
    mv "$data/slipway.yml.new" "$data/slipway.yml"
}

start_server() {
    "$bin/slipwayd" --config "$data/slipway.yml" --log text >> "$log/slipwayd.log" 2>&1 &
    server=$!
    pids+=($server)
    echo $server > "$data/server.pid"
    until_ 20 slipway status || fail "slipwayd does not answer" "$log/slipwayd.log"
}

world_files() {
    mkdir -p "$data/databases" "$data/hosts" "$log"
    chmod 700 "$data"
    read -r webhooks agents web pages \
        p_stage_1 q_stage_1 p_lp_1 q_lp_1 p_web_1 q_web_1 p_web_2 q_web_2 p_batch_1 q_batch_1 \
        <<< "$(free_ports $ports)"

    head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' > "$data/webhook-secret"
    chmod 600 "$data/webhook-secret"
    printf '%s\n' '#!/bin/sh' '# What a real host does with systemctl: the shop runs from the folder that is current now.' \
        'kill -HUP "$(cat "$SLIPWAY_HOST_ROOT/../services.pid")"' > "$data/restart-shop"
    chmod 755 "$data/restart-shop"
    write_config "$(local_time $(($(date +%s) + 12 * 3600)))"
    github setup --webhooks "http://127.0.0.1:$webhooks/webhooks/github" --secret-file "$data/webhook-secret" \
        --pages "http://127.0.0.1:$pages"
    github repo acme/lp-site --from "$top/deploy/examples/lp-site"
    github repo acme/rails-app --from "$top/deploy/examples/rails-app"
    exec_github serve --port "$pages" > "$log/github.log" 2>&1 &
    pids+=($!)
}

# The host's applications, its activation, its agent.
start_host() {
    local host=$1 name environment site shop line
    name=${host//-/_}
    eval "site=\$p_$name shop=\$q_$name"
    mkdir -p "$data/hosts/$host/root"
    mkdir -m 700 "$data/hosts/$host/agent"
    echo "http://127.0.0.1:$site/" > "$data/hosts/$host/site-url"
    echo "http://127.0.0.1:$shop/" > "$data/hosts/$host/shop-url"
    environment=production
    [ "$host" != stage-1 ] || environment=stage
    DATABASES=$data/databases python3 "$top/deploy/examples/demo_host.py" "$data/hosts/$host" $environment \
        "$site" "$shop" > "$log/services-$host.log" 2>&1 &
    pids+=($!)
    line=$(slipway activation create --name "$host") || fail "no activation for $host" "$log/slipwayd.log"
    # The line is what an operator pastes on the host; here each host has a state folder and a root of its own.
    "$bin"/$line --state "$data/hosts/$host/agent" >> "$log/agent-$host.log" 2>&1 ||
        fail "$host could not register" "$log/agent-$host.log"
    sed -i '/^host-root/d' "$data/hosts/$host/agent/agent.conf"
    echo "host-root = $data/hosts/$host/root" >> "$data/hosts/$host/agent/agent.conf"
    start_agent "$host"
}

all_online() { [ "$(slipway hosts | grep -c ' online ')" = 5 ]; }
world_make() {
    world_files
    start_server
    for host in $hosts; do start_host "$host"; done
    until_ 30 all_online || fail "not all agents are heard" "$log/agent-stage-1.log" "$bin/slipway --config $data/slipway.yml hosts"
}

# Ctrl-C leaves nothing behind: children end by their pids, supervisors end with their commands.
world_stop() {
    local n=${#pids[@]}
    for ((i = n - 1; i >= 0; i--)); do kill "${pids[i]}" 2> /dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2> /dev/null || true; done
    for host in $hosts; do
        [ ! -f "$data/hosts/$host/agent.pid" ] || kill "$(cat "$data/hosts/$host/agent.pid")" 2> /dev/null || true
    done
    rm -f "$data/server.pid"
}

# What a release is doing: the state of its newest deployment in an environment.
state_of() {
    slipway --json show "$1" "$2" | python3 -c '
import json, sys
environment = sys.argv[1]
for d in json.load(sys.stdin)["deployments"]:
    if d["environment"] == environment:
        print(d["state"])
        break' "$3"
}
succeeded() { [ "$(state_of "$@")" = succeeded ]; }
ended() { case "$(state_of "$@")" in succeeded | failed | attention | cancelled) ;; *) false ;; esac; }
expect_success() {
    until_ "$4" ended "$1" "$2" "$3" || fail "$1 $2 did not end in $3 within $4 s" "$log/slipwayd.log" \
        "$bin/slipway --config $data/slipway.yml show $1 $2"
    succeeded "$1" "$2" "$3" || { slipway show "$1" "$2" >&2; slipway logs "$1" "$2" | tail -n 20 >&2
        fail "$1 $2 ended as $(state_of "$1" "$2" "$3") in $3" "$log/slipwayd.log" \
            "$bin/slipway --config $data/slipway.yml show $1 $2"; }
}
