#pragma once

#include <linux/nsfs.h>
#include <sys/ioctl.h>

/* ioctl(2) is variadic, which Swift cannot call: a descriptor of the user namespace in which a namespace's rights are held;
   closed on exec. */
static inline int surplus_owner_of_namespace(int descriptor) { return ioctl(descriptor, NS_GET_USERNS); }
