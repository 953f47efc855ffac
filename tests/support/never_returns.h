/*
 * never_returns: a test that has failed goes no further. cmocka does not tell the compiler so, which then warns, in an optimised build,
 * of what would come behind. Included in front of every test (tests/CMakeLists.txt).
 */
#ifndef SLIPWAY_TESTS_SUPPORT_NEVER_RETURNS_H
#define SLIPWAY_TESTS_SUPPORT_NEVER_RETURNS_H

void _fail(const char *file, int line) __attribute__((noreturn)); // NOLINT: cmocka's name

#endif
