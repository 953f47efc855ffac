# restart: a unit of systemd (`with: { unit: puma }`), or a command by its absolute path
# (`with: { command: /usr/local/bin/again }`), without arguments.
#
# SLIPWAY_SYSTEMCTL, of the host's agent, is the path of systemctl. Whatever code the command ends
# with, this ends with 0 or 1: some codes would mean something to the agent.
set -eu
if [ -n "${SLIPWAY_WITH_UNIT:-}" ]; then
    case "$SLIPWAY_WITH_UNIT" in
    -*)
        echo "unit $SLIPWAY_WITH_UNIT: no unit begins with a dash" >&2
        exit 1
        ;;
    esac
    if ! "${SLIPWAY_SYSTEMCTL:-/usr/bin/systemctl}" restart "$SLIPWAY_WITH_UNIT"; then
        echo "unit $SLIPWAY_WITH_UNIT did not restart; see: journalctl -u $SLIPWAY_WITH_UNIT" >&2
        exit 1
    fi
    echo "restarted unit $SLIPWAY_WITH_UNIT"
    exit 0
fi
case "${SLIPWAY_WITH_COMMAND:-}" in
/*) ;;
*)
    echo "restart wants a unit, or a command by its absolute path" >&2
    exit 1
    ;;
esac
code=0
"$SLIPWAY_WITH_COMMAND" || code=$?
if [ "$code" -ne 0 ]; then
    echo "$SLIPWAY_WITH_COMMAND ended with $code" >&2
    exit 1
fi
echo "ran $SLIPWAY_WITH_COMMAND"
