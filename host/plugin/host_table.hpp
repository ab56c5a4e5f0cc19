// The C tables of host.h over HostServices, and the entry call they belong to.
//
// Used in this process and in the process of an isolated plugin alike. What is handed out during a call lives in the call's arena and is wiped when
// the call ends.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "core/base/secret.hpp"
#include "host/plugin/host_services.hpp"
#include "host/plugin/status.hpp"
#include "qwen/plugin.h"

namespace qwen::host::plugin {

/// The host services this program knows ("qwen.http/1", …).
[[nodiscard]] bool is_known_service(std::string_view id);

/// Text from the other side as a view; anything impossible (NULL with a length, over `limit`) is nullopt.
[[nodiscard]] std::optional<std::string_view> checked_text(const qwen_str& text, std::size_t limit);

/// A plugin's words on one line of at most 1 KiB: control characters become spaces, what is no UTF-8 is repaired.
[[nodiscard]] std::string one_line(const qwen_str& text);

}  // namespace qwen::host::plugin

/// One entry call. Lives on the stack of the host; its address is the plugin's handle.
struct qwen_call {
    explicit qwen_call(qwen::host::plugin::HostServices& host_services) : services(host_services) {}
    qwen_call(const qwen_call&) = delete;
    qwen_call& operator=(const qwen_call&) = delete;

    /// Keeps the bytes until the call ends.
    [[nodiscard]] qwen_str keep(qwen::Secret bytes, std::uint32_t flags);
    [[nodiscard]] qwen_str keep(std::string_view bytes, std::uint32_t flags) { return keep(qwen::Secret(bytes), flags); }

    qwen::host::plugin::HostServices& services;
    /// What the plugin said through host.error, last.
    qwen::host::plugin::PluginMessage said;
    std::deque<qwen::Secret> arena;
    std::deque<std::vector<qwen_kv>> header_lists;
};

/// What belongs to no call: time, random numbers, and the log outside of calls.
struct qwen_host_ctx {
    const qwen::system::Clock* clock = nullptr;
    const qwen::system::Random* random = nullptr;
    std::function<void(std::uint32_t level, std::string_view message)> log;
};

namespace qwen::host::plugin {

/// The table for one plugin. Has to outlive the plugin, which is never unloaded: keep it for the life of the process.
class HostTable {
public:
    explicit HostTable(qwen_host_ctx context);
    HostTable(const HostTable&) = delete;
    HostTable& operator=(const HostTable&) = delete;
    /// Another run of the host uses the plugin that this table was given to.
    void rebind(qwen_host_ctx context) { context_ = std::move(context); }
    [[nodiscard]] const qwen_host* get() const { return &table_; }

private:
    qwen_host_ctx context_;
    qwen_host table_;
};

}  // namespace qwen::host::plugin
