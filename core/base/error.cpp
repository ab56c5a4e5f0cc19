#include "core/base/error.hpp"

#include <array>
#include <cassert>

namespace qwen {
namespace {

using enum ErrorCode;

constexpr std::array kErrorTable{
    ErrorCodeInfo{internal, ErrorClass::internal, "internal", "a broken invariant in this program; please report it"},
    ErrorCodeInfo{usage, ErrorClass::usage, "usage", "the command line could not be understood"},
    ErrorCodeInfo{config_invalid, ErrorClass::configuration, "config_invalid", "a setting has no usable value, or a configuration file has an error"},
    ErrorCodeInfo{dotenv_refused, ErrorClass::configuration, "dotenv_refused", "the .env file that applies is not a file this program may read"},
    ErrorCodeInfo{origin_refused, ErrorClass::configuration, "origin_refused", "a key would have gone to a server named by a less trusted place than the key itself"},
    ErrorCodeInfo{plugin_missing, ErrorClass::configuration, "plugin_missing", "no installed plugin has the provider that was asked for"},
    ErrorCodeInfo{plugin_refused, ErrorClass::configuration, "plugin_refused", "the plugin file may not be loaded: owner, mode, place, hash or contents"},
    ErrorCodeInfo{plugin_incompatible, ErrorClass::configuration, "plugin_incompatible", "the plugin was built for another ABI, machine or library version"},
    ErrorCodeInfo{model_not_found, ErrorClass::configuration, "model_not_found", "the endpoint has no model of this name"},
    ErrorCodeInfo{storage_failed, ErrorClass::configuration, "storage_failed", "a file could not be read or written: disk full, read-only, or no home directory"},
    ErrorCodeInfo{not_authenticated, ErrorClass::authentication, "not_authenticated", "nobody is signed in and there is no key"},
    ErrorCodeInfo{credential_rejected, ErrorClass::authentication, "credential_rejected", "the server refused the credential"},
    ErrorCodeInfo{credential_expired, ErrorClass::authentication, "credential_expired", "the sign-in has expired and could not be renewed"},
    ErrorCodeInfo{credential_store_refused, ErrorClass::authentication, "credential_store_refused", "the credential file is not safe to use: owner, mode, link or contents"},
    ErrorCodeInfo{login_denied, ErrorClass::authentication, "login_denied", "the sign-in was refused in the browser"},
    ErrorCodeInfo{login_expired, ErrorClass::authentication, "login_expired", "the sign-in code expired before it was used"},
    ErrorCodeInfo{dns_failed, ErrorClass::network, "dns_failed", "the server's name could not be resolved"},
    ErrorCodeInfo{connection_failed, ErrorClass::network, "connection_failed", "the server could not be reached, or closed the connection before it answered"},
    ErrorCodeInfo{tls_failed, ErrorClass::network, "tls_failed", "the server's certificate or TLS handshake was not acceptable"},
    ErrorCodeInfo{proxy_failed, ErrorClass::network, "proxy_failed", "the proxy refused or broke the connection"},
    ErrorCodeInfo{timed_out, ErrorClass::network, "timed_out", "the server did not answer in time"},
    ErrorCodeInfo{rate_limited, ErrorClass::limit, "rate_limited", "too many requests for now; trying again later can succeed"},
    ErrorCodeInfo{quota_exhausted, ErrorClass::limit, "quota_exhausted", "the account has no quota left"},
    ErrorCodeInfo{denied_by_policy, ErrorClass::policy, "denied_by_policy", "the administrator's policy does not allow this"},
    ErrorCodeInfo{policy_invalid, ErrorClass::policy, "policy_invalid", "the administrator's policy cannot be read, so nothing is allowed"},
    ErrorCodeInfo{provider_error, ErrorClass::provider, "provider_error", "the server reported an error"},
    ErrorCodeInfo{bad_response, ErrorClass::provider, "bad_response", "the server's answer is not what the protocol says"},
    ErrorCodeInfo{answer_cut_short, ErrorClass::provider, "answer_cut_short", "the answer ended before the server said it was complete"},
    ErrorCodeInfo{redirect_refused, ErrorClass::provider, "redirect_refused", "the server redirected a request that may not be sent elsewhere"},
    ErrorCodeInfo{plugin_fault, ErrorClass::provider, "plugin_fault", "a provider plugin crashed, hung or broke its contract"},
    ErrorCodeInfo{cancelled, ErrorClass::cancelled, "cancelled", "the user stopped it"},
};

constexpr bool table_follows_enumeration() {
    for (std::size_t i = 0; i < kErrorTable.size(); ++i)
        if (static_cast<std::size_t>(kErrorTable[i].code) != i) return false;
    return kErrorTable.size() == static_cast<std::size_t>(cancelled) + 1;
}
static_assert(table_follows_enumeration());

}  // namespace

std::span<const ErrorCodeInfo> error_table() { return kErrorTable; }

const ErrorCodeInfo& describe(ErrorCode code) {
    const auto index = static_cast<std::size_t>(code);
    assert(index < kErrorTable.size());
    return kErrorTable[index];
}

std::string FileLocation::to_string() const {
    std::string text = path;
    if (line != 0) text += ':' + std::to_string(line);
    if (line != 0 && column != 0) text += ':' + std::to_string(column);
    return text;
}

}  // namespace qwen
