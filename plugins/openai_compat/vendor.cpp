#include "plugins/openai_compat/vendor.hpp"

#include <algorithm>
#include <array>

namespace openai_compat {
namespace {

constexpr std::string_view kDefaultApiVersion = "2024-10-21";  // the newest generally available one of the dated API

constexpr std::array<VendorFacts, 6> kFacts{{
    {"openai", "OPENAI_API_KEY", "https://platform.openai.com/api-keys", "https://platform.openai.com/account/billing"},
    {"azure", "AZURE_OPENAI_API_KEY", "https://portal.azure.com", "https://learn.microsoft.com/azure/ai-foundry/openai/quotas-limits"},
    {"openrouter", "OPENROUTER_API_KEY", "https://openrouter.ai/keys", "https://openrouter.ai/credits"},
    {"modelscope", "MODELSCOPE_API_KEY", "https://modelscope.cn/my/myaccesstoken",
     "https://www.modelscope.cn/docs/model-service/API-Inference/limits"},
    {"dashscope", "DASHSCOPE_API_KEY", "https://www.alibabacloud.com/help/en/model-studio/get-api-key",
     "https://www.alibabacloud.com/help/en/model-studio/error-code"},
    {"generic", "OPENAI_API_KEY", "", ""},
}};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_or_is_below(std::string_view host, std::string_view domain) {
    if (host == domain) return true;
    return host.size() > domain.size() && host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.';
}

std::string_view without_final_slashes(std::string_view url) {
    while (!url.empty() && url.back() == '/') url.remove_suffix(1);
    return url;
}

/// One segment of a path, RFC 3986 section 3.3: everything but unreserved characters is escaped.
std::string path_segment(std::string_view text) {
    constexpr char kHex[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                           c == '-' || c == '.' || c == '_' || c == '~';
        if (plain) {
            out += c;
        } else {
            out += {'%', kHex[byte >> 4], kHex[byte & 15]};
        }
    }
    return out;
}

}  // namespace

std::optional<Vendor> vendor_from_name(std::string_view name) {
    for (std::size_t i = 0; i < kFacts.size(); ++i) {
        if (kFacts[i].name == name) return static_cast<Vendor>(i);
    }
    return std::nullopt;
}

std::optional<std::string> host_of(std::string_view url) {
    std::string text(url);
    std::transform(text.begin(), text.end(), text.begin(), lower);
    std::string_view rest = text;
    if (rest.starts_with("https://")) {
        rest.remove_prefix(8);
    } else if (rest.starts_with("http://")) {
        rest.remove_prefix(7);
    } else {
        return std::nullopt;
    }
    const auto unsafe = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\\' || c == 0x7f; };
    if (std::any_of(rest.begin(), rest.end(), unsafe)) return std::nullopt;
    rest = rest.substr(0, rest.find_first_of("/?#"));
    if (rest.find('@') != std::string_view::npos) return std::nullopt;
    if (rest.starts_with('[')) {
        const std::size_t end = rest.find(']');
        if (end == std::string_view::npos) return std::nullopt;
        return std::string(rest.substr(1, end - 1));
    }
    rest = rest.substr(0, rest.find(':'));
    if (rest.ends_with('.')) rest.remove_suffix(1);
    if (rest.empty()) return std::nullopt;
    return std::string(rest);
}

bool is_loopback(std::string_view host) {
    if (host == "localhost" || host == "::1") return true;
    return host.starts_with("127.") && std::count(host.begin(), host.end(), '.') == 3 &&
           host.find_first_not_of("0123456789.") == std::string_view::npos;
}

Vendor vendor_of_host(std::string_view host) {
    if (host == "api.openai.com") return Vendor::openai;
    for (const std::string_view domain : {"openai.azure.com", "cognitiveservices.azure.com", "services.ai.azure.com"}) {
        if (is_or_is_below(host, domain)) return Vendor::azure;
    }
    if (is_or_is_below(host, "openrouter.ai")) return Vendor::openrouter;
    if (is_or_is_below(host, "modelscope.cn")) return Vendor::modelscope;
    // Regions are both labels before (cn-hongkong.dashscope) and suffixes of the first label (dashscope-intl, dashscope-us).
    if (is_or_is_below(host, "dashscope.aliyuncs.com")) return Vendor::dashscope;
    if (host.starts_with("dashscope-") && is_or_is_below(host, "aliyuncs.com")) return Vendor::dashscope;
    return Vendor::generic;
}

const VendorFacts& facts_of(Vendor vendor) { return kFacts[static_cast<std::size_t>(vendor)]; }

Address azure_address(std::string_view base_url, const AzureSettings& settings, const RequestShape& request) {
    Address address;
    std::string_view base = without_final_slashes(base_url);
    const bool v1 = base.ends_with("/openai/v1");
    const std::string_view deployment = settings.deployment.empty() ? request.model : std::string_view(settings.deployment);
    const std::size_t in_base = base.find("/openai/deployments/");

    if (in_base == std::string_view::npos && (v1 || (settings.deployment.empty() && settings.api_version.empty()))) {
        if (base.ends_with("/openai")) base.remove_suffix(7);
        address.base_url = v1 ? std::string(base) : std::string(base) + "/openai/v1";
        if (!settings.api_version.empty()) address.query.emplace_back("api-version", settings.api_version);
        address.model = settings.deployment;
        return address;
    }

    address.query.emplace_back("api-version", settings.api_version.empty() ? std::string(kDefaultApiVersion) : settings.api_version);
    if (in_base != std::string_view::npos) {
        // The base URL names the deployment; the list of models is above it.
        address.base_url = std::string(request.operation == "models" ? base.substr(0, in_base + 7) : base);
        return address;
    }
    address.base_url = std::string(base.ends_with("/openai") ? base : std::string(base) + "/openai");
    if (request.operation != "models") address.path = "/deployments/" + path_segment(deployment) + std::string(request.path);
    return address;
}

std::optional<std::string> azure_endpoint(std::string_view resource) {
    const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'; };
    if (resource.empty() || resource.size() > 63 || !std::all_of(resource.begin(), resource.end(), allowed)) return std::nullopt;
    return "https://" + std::string(resource) + ".openai.azure.com";
}

}  // namespace openai_compat
