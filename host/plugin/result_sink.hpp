// Where a plugin's results are checked and copied: the functions behind qwen_sink_ops.
//
// A plugin in this process calls them by itself. What a plugin's own process reports is put through the same functions on the host's side, so that
// there is one set of rules and the process is not trusted with it.
#pragma once

#include "host/plugin/entry_call.hpp"
#include "qwen/plugin.h"

/// What a plugin's results are copied into. Belongs to one entry call and takes only what that call may give.
struct qwen_sink {
    qwen::host::plugin::EntryPoint entry;
    qwen::host::plugin::EntryResult& result;
};

namespace qwen::host::plugin {

/// The one table. Each function answers QWEN_ERR_MISUSE for what does not belong to the sink's entry call or may not go into a request.
[[nodiscard]] const qwen_sink_ops& sink_ops();

}  // namespace qwen::host::plugin
