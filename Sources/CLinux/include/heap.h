#pragma once

/* mallopt(3), which the Glibc overlay lacks. */
#include <malloc.h>
