# Counts the cases in what one test program printed: cmocka's marks, or TAP lines ("ok 1 - name",
# "not ok 2 - name", at the beginning of a line; node's inner tests are indented and belong to theirs).
# A case that began and never ended (a crash, a failed setup, a time-out) is a failed one.
# Given: rc, the program's exit code. A program without cases is one case itself.
# Prints: passed failed skipped, and the names of the failed ones, each on a line of its own.

function end_case(passed)
{
    if (passed)
        n_passed++
    else
        failed[++n_failed] = open
    open = ""
}

(at = index($0, "[ RUN      ] ")) > 0 {
    if (open != "")
        end_case(0)
    open = substr($0, at + 13)
    next
}
open != "" && index($0, "[       OK ] " open) > 0 { end_case(1); next }
open != "" && index($0, "[  FAILED  ] " open) > 0 { end_case(0); next }
open != "" && index($0, "[  SKIPPED ] " open) > 0 { open = ""; n_skipped++; next }
/^(not )?ok( |$)/ {
    if ($0 ~ /# *(SKIP|skip)/)
        n_skipped++
    else if ($0 ~ /^not /) {
        open = $0
        sub(/^not ok *[0-9]* *-? */, "", open)
        end_case(0)
    } else
        n_passed++
}

END {
    if (open != "")
        end_case(0)
    if (rc == 0 && n_passed + n_failed + n_skipped == 0)
        n_passed = 1
    if (rc != 0 && n_failed == 0)
        failed[++n_failed] = "exit code " rc
    print n_passed + 0, n_failed + 0, n_skipped + 0
    for (i = 1; i <= n_failed; i++)
        print failed[i]
}
