// A provider instance in this process: calls the functions of the plugin's table.
#pragma once

#include <memory>

#include "host/plugin/entry_call.hpp"
#include "qwen/plugin.h"

namespace qwen::host::plugin {

/// `provider` was checked by shake_hands. The C instance is made by EntryPoint::create and destroyed with this object.
[[nodiscard]] std::unique_ptr<PluginInstance> make_direct_instance(const qwen_provider& provider);

}  // namespace qwen::host::plugin
