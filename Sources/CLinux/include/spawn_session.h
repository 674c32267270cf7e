#pragma once

/* POSIX_SPAWN_SETSID: the new process begins a session of its own. glibc shows it only with _GNU_SOURCE. */
enum { SURPLUS_SPAWN_SETSID = 0x80 };
