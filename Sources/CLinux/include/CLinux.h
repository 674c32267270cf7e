#pragma once
#include "child_processes.h"
#include "descriptors.h"
#include "openat2.h"
#include "peer_credentials.h"
#include "pidfd.h"
#include "process_control.h"
#include "spawn_session.h"
