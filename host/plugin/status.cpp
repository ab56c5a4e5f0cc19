#include "host/plugin/status.hpp"

#include <fmt/format.h>

#include <array>

#include "qwen/plugin.h"

namespace qwen::host::plugin {
namespace {

struct Row {
    std::uint32_t status;
    ErrorCode code;
    std::string_view meaning;
};

constexpr std::array kKnown{
    Row{QWEN_ERR_CANCELLED, ErrorCode::cancelled, "cancelled"},
    Row{QWEN_ERR_TIMED_OUT, ErrorCode::timed_out, "the provider took too long"},
    Row{QWEN_ERR_NETWORK, ErrorCode::connection_failed, "the provider could not be reached"},
    Row{QWEN_ERR_TLS, ErrorCode::tls_failed, "no secure connection to the provider"},
    Row{QWEN_ERR_CONFLICT, ErrorCode::storage_failed, "another process changed the stored credential"},
    Row{QWEN_ERR_STORAGE, ErrorCode::storage_failed, "the credential could not be stored"},
    Row{QWEN_NEED_REFRESH, ErrorCode::credential_expired, "the credential has expired"},
    Row{QWEN_NEED_LOGIN, ErrorCode::not_authenticated, "not signed in"},
    Row{QWEN_ERR_SETTING, ErrorCode::config_invalid, "a setting is missing or cannot be used"},
    Row{QWEN_ERR_LOGIN_DENIED, ErrorCode::login_denied, "signing in was denied"},
    Row{QWEN_ERR_LOGIN_EXPIRED, ErrorCode::login_expired, "signing in took too long"},
    Row{QWEN_ERR_INVALID_GRANT, ErrorCode::credential_expired, "the sign-in has expired"},
    Row{QWEN_ERR_NOT_INTERACTIVE, ErrorCode::not_authenticated, "signing in needs a terminal"},
    Row{QWEN_ERR_DENIED_ORIGIN, ErrorCode::origin_refused, "the provider may not talk to this server"},
    Row{QWEN_ERR_BAD_RESPONSE, ErrorCode::bad_response, "the server's answer makes no sense"},
    Row{QWEN_ERR_INTERNAL, ErrorCode::plugin_fault, "the plugin failed"},
};

constexpr std::array kClasses{
    Row{1, ErrorCode::plugin_fault, "the plugin broke the rules of its interface"},
    Row{2, ErrorCode::connection_failed, "the provider failed; it may work another time"},
    Row{3, ErrorCode::not_authenticated, "the provider needs you to act"},
    Row{4, ErrorCode::denied_by_policy, "not allowed"},
    Row{5, ErrorCode::provider_error, "the provider failed"},
};

Row describe_status(std::uint32_t status) {
    for (const Row& row : kKnown) {
        if (row.status == status) return row;
    }
    for (const Row& row : kClasses) {
        if (row.status == QWEN_STATUS_CLASS(status)) return row;
    }
    return {status, ErrorCode::plugin_fault, "the plugin answered with a status that does not exist"};
}

}  // namespace

Error error_from_status(std::uint32_t status, std::string_view plugin, PluginMessage said) {
    const Row row = describe_status(status);
    if (status == QWEN_ERR_CANCELLED) return Error{ErrorCode::cancelled, "cancelled", {}, std::nullopt};
    std::string message = said.message.empty() ? fmt::format("{} (status {})", row.meaning, status) : std::move(said.message);
    if (!said.setting.empty()) message += fmt::format(" (setting providers.{}.{})", plugin, said.setting);
    return Error{row.code, fmt::format("provider '{}': {}", plugin, message), std::move(said.hint), std::nullopt};
}

std::uint32_t status_from_error(const Error& error) {
    switch (error.code) {
        case ErrorCode::cancelled: return QWEN_ERR_CANCELLED;
        case ErrorCode::timed_out: return QWEN_ERR_TIMED_OUT;
        case ErrorCode::dns_failed:
        case ErrorCode::connection_failed:
        case ErrorCode::proxy_failed:
        case ErrorCode::answer_cut_short: return QWEN_ERR_NETWORK;
        case ErrorCode::tls_failed: return QWEN_ERR_TLS;
        case ErrorCode::origin_refused: return QWEN_ERR_DENIED_ORIGIN;
        case ErrorCode::denied_by_policy:
        case ErrorCode::policy_invalid: return QWEN_ERR_DENIED_POLICY;
        case ErrorCode::credential_store_refused: return QWEN_ERR_DENIED;
        case ErrorCode::storage_failed: return QWEN_ERR_STORAGE;
        case ErrorCode::bad_response: return QWEN_ERR_BAD_RESPONSE;
        case ErrorCode::usage:
        case ErrorCode::config_invalid: return QWEN_ERR_MISUSE;
        default: break;
    }
    return error.error_class() == ErrorClass::provider ? QWEN_ERR_PROVIDER : QWEN_ERR_INTERNAL;
}

}  // namespace qwen::host::plugin
