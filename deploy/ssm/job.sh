# shellcheck shell=sh disable=SC2154
#
# job.sh: how a job runs on a host that has Amazon's agent and nothing of ours (lib/ssm/aws_script.h).
#
# The generated script is: `set -eu`; this file without its comments; the values of each host; slipway_open; one call per step, in
# the order of the document; slipway_close. It does what slipway-agent would do with the same document: the same order,
# environment, folders, users, time limits and results. POSIX sh, coreutils and grep; curl where a job's health is asked by http.
#
# What is known stands in lines at the beginning of the output, each as soon as it is true; what the steps print comes behind
# them, cut, when all is over: Amazon keeps the first 24,000 bytes alone. lib/ssm/aws_outcome.c reads it.
#
# From the environment of Amazon's agent, all of them optional, as the keys of slipway-agent's agent.conf:
# SLIPWAY_PATH, SLIPWAY_SYSTEMCTL, SLIPWAY_HOST_ROOT, SLIPWAY_RUN_DIR.

LC_ALL=C
export LC_ALL
unset IFS CDPATH ENV
umask 077
PATH=${PATH:+$PATH:}/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
slipway_path=${SLIPWAY_PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}
slipway_systemctl=${SLIPWAY_SYSTEMCTL:-/usr/bin/systemctl}
slipway_root=${SLIPWAY_HOST_ROOT:-}
slipway_base=${SLIPWAY_RUN_DIR:-/var/lib/slipway-ssm}
slipway_n=0
slipway_kill=
slipway_reason=
slipway_status=Success
slipway_exit=0
# Bytes of SLIPWAY_RESULT that are told; of lines that the rules read, where it is longer.
slipway_room=2800
slipway_room_ruled=2000

slipway_say() {
    printf '%s\n' "$1" >>"$slipway_dir/said"
    printf '%s\n' "$1"
}

# In slipway_seconds: since the host was booted. No clock that somebody sets.
slipway_up() {
    # shellcheck disable=SC2034
    read -r slipway_seconds slipway_rest </proc/uptime
    slipway_seconds=${slipway_seconds%%.*}
}

# Another each time that the host is booted.
slipway_boot() {
    cat /proc/sys/kernel/random/boot_id
}

# Nothing was begun, and nothing will be: a definite end. Without the folder.
slipway_refuse() {
    printf '%s\n' '----- slipway result -----' "command=$slipway_id" state=finished status=Failed \
        "reason=not begun: $1" '----- end of slipway result -----'
    exit 1
}

# The same command came before: nothing is begun a second time, and what is said is what the first one says.
slipway_again() {
    slipway_tries=0
    while [ ! -f "$slipway_dir/ended" ]; do
        slipway_first=$(cat "$slipway_dir/pid" 2>/dev/null) || slipway_first=
        # Its number may be another's since the host was booted.
        [ -z "$slipway_first" ] || [ "$(cat "$slipway_dir/boot")" = "$(slipway_boot)" ] || slipway_first=gone
        slipway_tries=$((slipway_tries + 1))
        if { [ -n "$slipway_first" ] && ! kill -0 "$slipway_first" 2>/dev/null; } ||
            { [ -z "$slipway_first" ] && [ "$slipway_tries" -gt 5 ]; }; then
            [ ! -f "$slipway_dir/ended" ] || break
            cat "$slipway_dir/said" 2>/dev/null ||
                printf '%s\n' '----- slipway result -----' "command=$slipway_id"
            printf '%s\n' state=unknown \
                'reason=it was begun here before, and that run was ended before it said how far it came' \
                '----- end of slipway result -----'
            exit 1
        fi
        sleep 1
    done
    cat "$slipway_dir/said" "$slipway_dir/shown.out"
    cat "$slipway_dir/shown.err" >&2
    exit "$(cat "$slipway_dir/ended")"
}

# What began a week ago is forgotten: AWS ends what runs after two days, and some never say that they ended.
slipway_tidy() {
    touch -d '7 days ago' "$slipway_base/.week" || return 0
    for slipway_old in "$slipway_base"/*/pid; do
        # shellcheck disable=SC3013
        if [ "$slipway_old" -ot "$slipway_base/.week" ]; then
            rm -rf "${slipway_old%/pid}"
        fi
    done
}

# STEP USER
slipway_may() {
    if [ "$2" = "$slipway_own" ] || [ -n "$slipway_reason" ]; then
        return 0
    elif [ "$(id -u)" != 0 ]; then
        slipway_reason="not begun: step $1: it is to run as $2, and only an agent that runs as root can do that; this one runs as $slipway_own"
    elif ! id -u "$2" >/dev/null 2>&1; then
        slipway_reason="not begun: step $1: it is to run as $2, and this host has no such user"
    fi
}

# STEP USER STEP USER ...
slipway_open() {
    slipway_dir=$slipway_base/$slipway_id
    slipway_own=$(id -un 2>/dev/null) || slipway_own=$(id -u)
    case $slipway_own in
    [0-9-]* | *[!A-Za-z0-9_.-]*) slipway_own_home=/ ;;
    *) eval "slipway_own_home=~$slipway_own" ;;
    esac
    # shellcheck disable=SC2174
    mkdir -p -m 711 "$slipway_base" || slipway_refuse "$slipway_base cannot be made on this host"
    if ! mkdir -m 711 "$slipway_dir" 2>/dev/null; then
        [ -d "$slipway_dir" ] || slipway_refuse "$slipway_dir cannot be made on this host"
        slipway_again
    fi
    slipway_boot >"$slipway_dir/boot"
    printf '%s\n' "$$" >"$slipway_dir/pid"
    slipway_tidy
    slipway_say '----- slipway result -----'
    slipway_say "command=$slipway_id"
    if [ "$(date +%s%3N)" -ge "$slipway_start_by" ]; then
        slipway_reason='not begun: its start-by had passed on the clock of this host'
    fi
    while [ "$#" -gt 0 ]; do
        slipway_may "$1" "$2"
        shift 2
    done
    if [ -n "$slipway_reason" ]; then
        slipway_status=Failed
        slipway_exit=1
        slipway_close
    fi
}

# NUMBER NAME
slipway_begin() {
    slipway_n=$1
    slipway_name=$2
    slipway_from=$(date +%s%3N)
    : >"$slipway_dir/out.$slipway_n"
    : >"$slipway_dir/err.$slipway_n"
    slipway_say "step.$slipway_n=InProgress -1 $slipway_from 0"
}

slipway_tell() {
    printf 'slipway: %s\n' "$1" >>"$slipway_dir/err.$slipway_n"
}

# The step could not be run, and why.
slipway_fail() {
    slipway_tell "$1"
    slipway_say "step.$slipway_n=Failed -1 $slipway_from $(date +%s%3N)"
    slipway_reason="step $slipway_name: $1"
    slipway_status=Failed
    slipway_exit=1
    slipway_close
}

# USER HOME: in slipway_as what stands in front of a command, in slipway_home where it lives; and the folder of its result.
# chroot of / is coreutils' way to become somebody: groups, group, user, exec; no session, no other process.
slipway_become() {
    slipway_as=
    slipway_home=$slipway_own_home
    slipway_result=$slipway_dir/step.$slipway_n/result
    mkdir -m 700 "$slipway_dir/step.$slipway_n"
    : >"$slipway_result"
    if [ -z "$1" ] || [ "$1" = "$slipway_own" ]; then
        return 0
    fi
    slipway_uid=$(id -u "$1")
    slipway_gid=$(id -g "$1")
    slipway_as="chroot --userspec=$slipway_uid:$slipway_gid --groups=$(id -G "$1" | tr ' ' ,) /"
    slipway_home=$2
    chown "$slipway_uid:$slipway_gid" "$slipway_result" "$slipway_dir/step.$slipway_n"
}

# SECONDS and the variables of the step: run slipway_script in slipway_folder. In slipway_code how it ended; in slipway_late
# whether it was ended for its time. All that runs stays in the group of this script, so that whoever ends that ends it.
slipway_try() {
    slipway_most=$1
    shift
    slipway_code=0
    slipway_late=
    slipway_up
    slipway_since=$slipway_seconds
    (
        umask 022
        # shellcheck disable=SC3045
        ulimit -c 0
        # shellcheck disable=SC2086,SC2016
        exec timeout --foreground -s KILL "$slipway_most" $slipway_as env -i "HOME=$slipway_home" LANG=C.UTF-8 "$@" \
            "PATH=$slipway_path" "SLIPWAY_SYSTEMCTL=$slipway_systemctl" "SLIPWAY_HOST_ROOT=$slipway_root" \
            "SLIPWAY_SHA=$SLIPWAY_SHA" "SLIPWAY_PREVIOUS_SHA=$SLIPWAY_PREVIOUS_SHA" "SLIPWAY_REPO=$SLIPWAY_REPO" \
            "SLIPWAY_ENVIRONMENT=$SLIPWAY_ENVIRONMENT" "SLIPWAY_ROLE=$SLIPWAY_ROLE" "SLIPWAY_HOST=$SLIPWAY_HOST" \
            "SLIPWAY_RELEASE=$SLIPWAY_RELEASE" ${SLIPWAY_ATTEMPT:+"SLIPWAY_ATTEMPT=$SLIPWAY_ATTEMPT"} \
            "SLIPWAY_RESULT=$slipway_result" /bin/sh -c '
cd -P -- "$2" 2>/dev/null || {
    printf "slipway: the script cannot be started: %s cannot be entered\n" "$2" >&2
    exit 126
}
unset OLDPWD
exec /bin/sh -c "$1" slipway' slipway "$slipway_script" "$slipway_folder"
    ) </dev/null >>"$slipway_dir/out.$slipway_n" 2>>"$slipway_dir/err.$slipway_n" || slipway_code=$?
    slipway_up
    if [ "$slipway_code" = 124 ] || [ "$slipway_code" = 137 ]; then
        if [ $((slipway_seconds - slipway_since)) -ge "$slipway_most" ]; then
            slipway_code=137
            slipway_late=1
            slipway_kill=1
        fi
    fi
}

# What the step wrote to SLIPWAY_RESULT. It is read by the rights of who could write it, whatever it is now.
slipway_results() {
    if [ -L "$slipway_result" ] || { [ -e "$slipway_result" ] && [ ! -f "$slipway_result" ]; }; then
        slipway_tell 'SLIPWAY_RESULT is not a regular file any more'
        return 0
    fi
    [ -s "$slipway_result" ] || return 0
    # shellcheck disable=SC2086
    $slipway_as head -c 16777216 "$slipway_result" >"$slipway_dir/told" || return 0
    slipway_size=$(wc -c <"$slipway_dir/told")
    if [ "$slipway_size" -gt "$slipway_room" ]; then
        slipway_tell 'what it wrote to SLIPWAY_RESULT is more than Amazon would keep; the rest is left out'
        head -c "$slipway_room" "$slipway_dir/told" >"$slipway_dir/cut"
        {
            printf '\n'
            tr -d '\000' <"$slipway_dir/told" | grep -E '^(commit|process-commit|migrate|pending|holders)=' |
                cut -b -120 | tail -n 8 | tail -c "$slipway_room_ruled"
        } >>"$slipway_dir/cut"
        slipway_room_ruled=$((slipway_room_ruled - $(wc -c <"$slipway_dir/cut") + slipway_room))
        [ "$slipway_room_ruled" -ge 0 ] || slipway_room_ruled=0
        slipway_size=$slipway_room
        mv "$slipway_dir/cut" "$slipway_dir/told"
    fi
    slipway_room=$((slipway_room - slipway_size))
    slipway_say "results=$(base64 -w 0 <"$slipway_dir/told")"
    rm -f "$slipway_dir/told"
}

# It has ended: say so; nothing runs after what failed.
slipway_finish() {
    slipway_results
    if [ "$slipway_code" != 0 ]; then
        slipway_status=Failed
        [ -z "$slipway_late" ] || slipway_status=TimedOut
        slipway_exit=$slipway_code
    fi
    slipway_say "step.$slipway_n=$slipway_status $slipway_code $slipway_from $(date +%s%3N)"
    [ "$slipway_code" = 0 ] || slipway_close
}

# NUMBER NAME USER HOME SECONDS FOLDER VARIABLE...
slipway_step() {
    slipway_begin "$1" "$2"
    slipway_become "$3" "$4"
    slipway_limit=$5
    slipway_folder=$6
    shift 6
    slipway_try "$slipway_limit" "$@"
    slipway_finish
}

# Again and again until it is well or the time is over.
slipway_well() {
    if [ -n "$slipway_is_well" ]; then
        printf '%s\n' "$slipway_is_well" >>"$slipway_dir/out.$slipway_n"
        slipway_code=0
    else
        printf 'not well within %s s\n' "$slipway_within" >>"$slipway_dir/err.$slipway_n"
        slipway_code=1
    fi
    slipway_late=
    slipway_finish
}

# The same arguments; SECONDS are for all tries together.
slipway_health() {
    slipway_begin "$1" "$2"
    slipway_become "$3" "$4"
    slipway_within=$5
    slipway_folder=$6
    shift 6
    slipway_is_well=
    slipway_up
    slipway_until=$((slipway_seconds + slipway_within))
    while [ -z "$slipway_is_well" ] && [ "$slipway_seconds" -lt "$slipway_until" ]; do
        slipway_try $((slipway_until - slipway_seconds)) "$@"
        if [ "$slipway_code" = 0 ]; then
            slipway_is_well='it is well'
        else
            sleep 1
        fi
        slipway_up
    done
    slipway_well
}

# NUMBER NAME SECONDS STATUS URL
slipway_health_http() {
    slipway_begin "$1" "$2"
    slipway_result=$slipway_dir/none
    slipway_within=$3
    slipway_is_well=
    slipway_heard=
    command -v curl >/dev/null ||
        slipway_fail 'a health by http is asked with curl, which this host has not; install it, or use a health that runs a script'
    slipway_up
    slipway_until=$((slipway_seconds + slipway_within))
    while [ -z "$slipway_is_well" ] && [ "$slipway_seconds" -lt "$slipway_until" ]; do
        slipway_left=$((slipway_until - slipway_seconds))
        [ "$slipway_left" -lt 5 ] || slipway_left=5
        slipway_answer=$(curl -q -g -s -o /dev/null -w '%{http_code}' --noproxy '*' --max-time "$slipway_left" \
            "$5" 2>/dev/null) || slipway_answer=nothing
        if [ "$slipway_answer" = "$4" ]; then
            slipway_is_well="$5 answered $4"
        else
            [ "$slipway_answer" = "$slipway_heard" ] ||
                printf '%s answered %s, expected %s\n' "$5" "$slipway_answer" "$4" >>"$slipway_dir/err.$slipway_n"
            slipway_heard=$slipway_answer
            sleep 1
        fi
        slipway_up
    done
    slipway_well
}

# STREAM ROOM: what the steps printed; most of the room is the last one's, of whose output most is its end.
slipway_show() {
    slipway_i=1
    while [ "$slipway_i" -le "$slipway_n" ]; do
        slipway_size=0
        [ ! -s "$slipway_dir/$1.$slipway_i" ] || slipway_size=$(wc -c <"$slipway_dir/$1.$slipway_i")
        slipway_each=$(($2 * 2 / 3))
        [ "$slipway_n" -gt 1 ] || slipway_each=$2
        [ "$slipway_i" -ge "$slipway_n" ] || slipway_each=$(($2 / 3 / (slipway_n - 1)))
        if [ "$slipway_size" -gt 0 ]; then
            printf '\n----- slipway %s step %s -----\n' "$slipway_id" "$slipway_i"
        fi
        if [ "$slipway_size" -gt "$slipway_each" ]; then
            head -c $((slipway_each / 4)) "$slipway_dir/$1.$slipway_i"
            printf '\n[%s bytes left out]\n' $((slipway_size - slipway_each))
            tail -c $((slipway_each * 3 / 4)) "$slipway_dir/$1.$slipway_i"
        elif [ "$slipway_size" -gt 0 ]; then
            cat "$slipway_dir/$1.$slipway_i"
        fi
        slipway_i=$((slipway_i + 1))
    done
    printf '\n----- slipway %s end -----\n' "$slipway_id"
}

# All is over. Exit codes that mean something to Amazon's agent are none of ours.
slipway_close() {
    slipway_say state=finished
    slipway_say "status=$slipway_status"
    [ -z "$slipway_reason" ] || slipway_say "reason=$slipway_reason"
    slipway_say '----- end of slipway result -----'
    slipway_show out "$slipway_room_out" | tr -d '\000' >"$slipway_dir/shown.out"
    slipway_show err "$slipway_room_err" | tr -d '\000' >"$slipway_dir/shown.err"
    case $slipway_exit in
    137 | 168 | 169 | 194) slipway_exit=1 ;;
    esac
    printf '%s\n' "$slipway_exit" >"$slipway_dir/ended.new"
    mv "$slipway_dir/ended.new" "$slipway_dir/ended"
    cat "$slipway_dir/shown.out"
    cat "$slipway_dir/shown.err" >&2
    rm -rf "$slipway_dir"/out.* "$slipway_dir"/err.* "$slipway_dir"/step.*
    # What a step that ran out of time left running ends with it; that needs a group of our own, which Amazon's agent gives.
    if [ -n "$slipway_kill" ] && [ "$slipway_exit" != 0 ]; then
        read -r slipway_stat </proc/$$/stat
        # shellcheck disable=SC2086
        set -- ${slipway_stat##*) }
        [ "$3" != "$$" ] || kill -9 0
    fi
    exit "$slipway_exit"
}
