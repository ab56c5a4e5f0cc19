// Status codes of the plugin ABI and errors of the program, each in terms of the other.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/error.hpp"

namespace qwen::host::plugin {

/// What a plugin said of its failure; all may be empty. Cut to the ABI's 1 KiB and free of line breaks by whoever takes it from a plugin.
struct PluginMessage {
    std::string message;
    std::string hint;
    std::string setting;
};

/// The error for a status other than QWEN_OK. A code this host does not know is treated as its class (the hundreds); an unknown class is plugin_fault.
[[nodiscard]] Error error_from_status(std::uint32_t status, std::string_view plugin, PluginMessage said);

/// The status a plugin sees when a host service failed with `error`.
[[nodiscard]] std::uint32_t status_from_error(const Error& error);

}  // namespace qwen::host::plugin
