"""What Python's zoneinfo says about the hours around every change of a zone from 2020 to 2037.

Usage: zone_oracle.py ZONE...   Lines: "ZONE Y M D h m s INSTANT": the UTC milliseconds of a local time; a skipped one
is the first instant after the gap, a repeated one its first occurrence (rule F2).
"""
import sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

UTC = timezone.utc
STEP = timedelta(hours=6)


def offset(zone, instant):
    return instant.astimezone(zone).utcoffset()


def changes(zone):
    """Instants at which the offset changes, to the second."""
    at, end = datetime(2020, 1, 1, tzinfo=UTC), datetime(2038, 1, 1, tzinfo=UTC)
    while at < end:
        after = at + STEP
        if offset(zone, at) != offset(zone, after):
            low, high = at, after
            while high - low > timedelta(seconds=1):
                middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
                if offset(zone, middle) == offset(zone, low):
                    low = middle
                else:
                    high = middle
            yield high
        at = after


def instant(zone, local, change):
    """Both readings of a wall clock that zoneinfo has; in a gap they disagree with the wall clock."""
    first = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == local:
        return first
    return change


for name in sys.argv[1:]:
    zone = ZoneInfo(name)
    for change in changes(zone):
        wall = change.astimezone(zone).replace(tzinfo=None)
        for minutes in (-1500, -121, -61, -60, -59, -31, -30, -29, -1, 0, 1, 15, 29, 30, 31, 59, 60, 61, 121, 1500):
            local = wall + timedelta(minutes=minutes)
            t = int(instant(zone, local, change).timestamp() * 1000)
            print(name, local.year, local.month, local.day, local.hour, local.minute, local.second, t)
