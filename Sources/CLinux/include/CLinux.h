#pragma once
#include "openat2.h"
#include "peer_credentials.h"
