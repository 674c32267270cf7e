#pragma once

/* O_PATH and AT_EMPTY_PATH, which glibc shows only with _GNU_SOURCE: a descriptor that names a file without opening it, and
   acting on the file that a descriptor names. */
enum { SURPLUS_O_PATH = 010000000, SURPLUS_AT_EMPTY_PATH = 0x1000 };
