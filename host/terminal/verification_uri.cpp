#include "host/terminal/verification_uri.hpp"

#include <algorithm>

namespace qwen::host {
namespace {

constexpr std::size_t kMaxLength = 2048;

Error refused(std::string reason) {
    return {ErrorCode::bad_response, "the server sent a sign-in link that is not acceptable: " + std::move(reason), "report this to the provider",
            std::nullopt};
}

/// RFC 3986 allows these only percent-encoded; a shell, a desktop file or a terminal might give them a meaning.
bool has_unsafe_character(std::string_view uri) { return uri.find_first_of("\"'<>`{}|\\^$() ;\n\r\t") != std::string_view::npos; }

bool is_host_or_subdomain(const std::string& host, const std::string& parent) {
    return host == parent || (host.size() > parent.size() && host.ends_with(parent) && host[host.size() - parent.size() - 1] == '.');
}

bool belongs_to(const Origin& link, const std::string& provider_origin) {
    const auto parsed = Url::parse(provider_origin);
    if (!parsed) return false;
    const Origin& origin = parsed->origin();
    return link.scheme == origin.scheme && link.port == origin.port && is_host_or_subdomain(link.host, origin.host);
}

}  // namespace

Result<VerificationLink> check_verification_uri(std::string_view uri, std::span<const std::string> provider_origins) {
    if (uri.size() > kMaxLength) return refused("longer than 2 KiB");
    if (has_unsafe_character(uri)) return refused("it holds a character that does not belong into a URL");
    auto url = Url::parse(uri);
    if (!url) return refused(std::move(url).error().message);
    const Origin& origin = url->origin();
    if (origin.scheme != "https" && !origin.is_loopback()) return refused("it is not https");
    const bool may_open = std::any_of(provider_origins.begin(), provider_origins.end(), [&](const auto& own) { return belongs_to(origin, own); });
    return VerificationLink{std::move(url).value(), may_open};
}

}  // namespace qwen::host
