// Finds the system calls that a plugin makes by itself: files, sockets, processes, printing. The kernel stops each of them before it does
// anything.
#pragma once

#include "host/plugin/check/blackboard.hpp"

namespace qwen::host::plugin::check {

/// For the rest of the process; the first such call fails the check with its name. False: the kernel cannot.
[[nodiscard]] bool trap_system_calls(Blackboard& board);

}  // namespace qwen::host::plugin::check
