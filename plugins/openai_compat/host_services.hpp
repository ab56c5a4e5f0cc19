// The host's tables with C++ types: borrowed text as string_view, a missing service as an error or an empty value.
#pragma once

#include <qwen/plugin.h>

#include <string>
#include <string_view>

namespace openai_compat {

inline std::string_view view(qwen_str text) { return {text.data == nullptr ? "" : text.data, text.len}; }
inline qwen_str text(std::string_view value, std::uint32_t flags = 0) { return {value.data(), static_cast<std::uint32_t>(value.size()), flags}; }

struct Setting {
    std::string_view value;  ///< borrowed until the entry call returns; empty: not set
    std::uint32_t source = QWEN_SETTING_FROM_DEFAULT;
};

/// Services of the host; those it does not have are null.
struct Services {
    const qwen_host* host = nullptr;
    const qwen_host_settings_v1* settings = nullptr;
    const qwen_host_secrets_v1* secrets = nullptr;
    const qwen_host_ui_v1* ui = nullptr;
    const qwen_host_clock_v1* clock = nullptr;
    const qwen_host_command_v1* command = nullptr;

    explicit Services(const qwen_host* table)
        : host(table),
          settings(find<qwen_host_settings_v1>(QWEN_EXT_SETTINGS)),
          secrets(find<qwen_host_secrets_v1>(QWEN_EXT_SECRETS)),
          ui(find<qwen_host_ui_v1>(QWEN_EXT_UI)),
          clock(find<qwen_host_clock_v1>(QWEN_EXT_CLOCK)),
          command(find<qwen_host_command_v1>(QWEN_EXT_COMMAND)) {}

    [[nodiscard]] Setting setting(qwen_call* call, std::string_view key) const {
        qwen_setting found{};
        found.struct_size = sizeof found;
        if (settings->get(call, text(key), &found) != QWEN_OK) return {};
        return {view(found.value), found.source};
    }

private:
    template <typename Table>
    const Table* find(const char* id) const {
        return static_cast<const Table*>(host->get_extension(host->ctx, id));
    }
};

struct Failure {
    std::string_view message;
    std::string_view hint = {};
    std::string_view setting = {};
};

/// Says why an entry call fails and hands `code` back, for `return fail(...)`.
inline qwen_status fail(const qwen_host* host, qwen_call* call, qwen_status code, const Failure& failure) {
    const qwen_error error{sizeof(qwen_error), code, text(failure.message), text(failure.hint), text(failure.setting)};
    host->error(call, &error);
    return code;
}

}  // namespace openai_compat
