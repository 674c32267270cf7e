#pragma once

/* mallopt(3) and malloc_trim(3), which the Glibc overlay lacks. */
#include <malloc.h>
