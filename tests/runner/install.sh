# Sourced by tests/run: what the chosen tests need from Debian and npm, and how it gets here.
# An entry is package, or package:command where the program may have come another way.

build_needs="gcc libc6-dev cmake:cmake ninja-build:ninja pkg-config:pkg-config git:git ca-certificates
    libmicrohttpd-dev libgit2-dev libcjson-dev libsqlite3-dev libcurl4-openssl-dev libyaml-dev libical-dev
    libzstd-dev zlib1g-dev libseccomp-dev libssl-dev libcmocka-dev"
kind_needs() {
    case $1 in
    lint) echo "clang-format-14:clang-format-14 clang-tidy-14:clang-tidy-14 cppcheck:cppcheck binutils:nm" ;;
    unit | stories | crash | scenarios | mutants) echo "nodejs:node npm:npm tzdata python3:python3" ;;
    process) echo "curl:curl openssl:openssl python3:python3 procps:ps iproute2:ss nodejs:node npm:npm awscli
        python3-boto3 postgresql ruby-activerecord ruby-railties ruby-pg" ;;
    page) echo "nodejs:node npm:npm chromium:chromium curl:curl openssl:openssl python3:python3 procps:ps
        fonts-noto-cjk" ;;
    fuzzing) echo "clang:clang libclang-rt-14-dev" ;;
    esac
}

# missing_packages KIND...: those that are not here, one per line.
missing_packages() {
    local entry package command need=$build_needs

    for kind in "$@"; do
        need+=" $(kind_needs "$kind")"
    done
    for entry in $(printf '%s\n' $need | sort -u); do
        package=${entry%%:*}
        command=${entry#*:}
        if [ "$entry" != "$package" ] && command -v "$command" >/dev/null; then
            continue
        fi
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            echo "$package"
    done
}

# install_packages LOG PACKAGE...
install_packages() {
    local log=$1 root=()

    shift
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || {
            echo "not root and no sudo; please install: $*" >>"$log"
            return 1
        }
        root=(sudo)
    fi
    "${root[@]}" apt-get update -q >>"$log" 2>&1 </dev/null
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" \
        >>"$log" 2>&1 </dev/null
}

# Folders under tests/ whose locked npm packages are not laid out yet.
missing_modules() {
    local lock folder

    for lock in tests/*/package-lock.json; do
        folder=${lock%/*}
        [ -f "$lock" ] || continue
        cmp -s "$lock" "$folder/node_modules/.locked" || echo "$folder"
    done
}

install_modules() {
    local log=$1 folder=$2

    (cd "$folder" && npm ci --no-audit --no-fund --ignore-scripts --omit=optional) >>"$log" 2>&1 </dev/null &&
        cp "$folder/package-lock.json" "$folder/node_modules/.locked"
}
