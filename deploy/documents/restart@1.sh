# restart: a unit of systemd, or a command by its absolute path. Harmless when run twice.
if [ -n "${SLIPWAY_WITH_UNIT:-}" ]; then
    "${SLIPWAY_SYSTEMCTL:-/usr/bin/systemctl}" restart -- "$SLIPWAY_WITH_UNIT"
    echo "restarted $SLIPWAY_WITH_UNIT"
else
    "$SLIPWAY_WITH_COMMAND"
    echo "ran $SLIPWAY_WITH_COMMAND"
fi
