// Who is behind a base URL, and what that vendor wants on the wire.
//
// Everything here is a pure function of its arguments: the plugin reads the settings, this unit decides.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace openai_compat {

enum class Vendor : unsigned char { openai, azure, openrouter, modelscope, dashscope, generic };

/// The setting `vendor`; nullopt for "auto" and for anything unknown.
[[nodiscard]] std::optional<Vendor> vendor_from_name(std::string_view name);

/// Host of an absolute URL in lower case, without port, brackets and final dot. nullopt: not an http(s) URL, or one with
/// user information, backslashes, spaces or control characters, which two parsers may read as two hosts.
[[nodiscard]] std::optional<std::string> host_of(std::string_view url);

/// `localhost`, 127.0.0.0/8 or ::1, as written: names are not looked up.
[[nodiscard]] bool is_loopback(std::string_view host);

[[nodiscard]] Vendor vendor_of_host(std::string_view host);

struct VendorFacts {
    std::string_view name;
    std::string_view key_variable;
    std::string_view key_page;
    std::string_view quota_page;
};

[[nodiscard]] const VendorFacts& facts_of(Vendor vendor);

/// Settings of Azure OpenAI; empty: not set.
struct AzureSettings {
    std::string deployment;
    std::string api_version;
};

/// A request as the plugin was asked to make it.
struct RequestShape {
    std::string_view operation;
    std::string_view path;
    std::string_view model;
};

/// Changes to the address of a request. Empty members change nothing.
struct Address {
    std::string base_url;
    std::string path;
    std::vector<std::pair<std::string, std::string>> query;
    std::string model;  ///< replaces the body's model
};

/// Azure's two forms, https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle and .../openai/reference:
///  - with a deployment or an api-version: {endpoint}/openai/deployments/{deployment}/chat/completions?api-version=...
///  - else v1: {endpoint}/openai/v1/chat/completions, where the body's model is the deployment
/// A base URL that already ends in /v1 is taken as the second.
[[nodiscard]] Address azure_address(std::string_view base_url, const AzureSettings& settings, const RequestShape& request);

/// The endpoint of an Azure resource, or nullopt when `resource` is no single DNS label.
[[nodiscard]] std::optional<std::string> azure_endpoint(std::string_view resource);

}  // namespace openai_compat
