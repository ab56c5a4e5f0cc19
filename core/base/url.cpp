#include "core/base/url.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace qwen {
namespace {

constexpr std::size_t kLongestHost = 253;
constexpr std::size_t kLongestLabel = 63;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(), [](char c) { return lower(c); });
    return result;
}

/// RFC 3986 section 2.3.
bool is_unreserved(char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~'; }

/// What may stand unescaped in a path (pchar and '/', RFC 3986 section 3.3).
bool is_path_character(char c) { return is_unreserved(c) || std::string_view("!$&'()*+,;=:@/").find(c) != std::string_view::npos; }

bool is_escape_at(std::string_view text, std::size_t i) {
    return text[i] == '%' && i + 2 < text.size() && is_hex(text[i + 1]) && is_hex(text[i + 2]);
}

void append_escaped(std::string& text, char c) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    text += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
}

Error refused(std::string_view reason) {
    return {ErrorCode::config_invalid, "not a usable URL: " + std::string(reason), "write it as https://host/path", std::nullopt};
}

/// Why some byte cannot be in any URL of ours, or empty.
std::string_view forbidden_byte(std::string_view text) {
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) return "it holds a control character";
        if (byte == ' ') return "it holds white space";
        if (byte >= 0x80) return "it holds a non-ASCII character (write an international name in its xn-- form)";
        if (c == '\\') return "it holds a backslash";
        if (c == '#') return "it has a fragment (#)";
    }
    return {};
}

/// Browsers and inet_aton read a host whose last label is a number as an IPv4 address in one of many spellings.
bool looks_like_number(std::string_view host) {
    const std::string_view last = host.substr(host.rfind('.') + 1);
    if (!last.empty() && std::all_of(last.begin(), last.end(), is_digit)) return true;
    return last.size() >= 2 && last[0] == '0' && lower(last[1]) == 'x' && std::all_of(last.begin() + 2, last.end(), is_hex);
}

bool is_dotted_quad(const std::string& host) {
    in_addr address{};
    return ::inet_pton(AF_INET, host.c_str(), &address) == 1;
}

std::string_view fault_of_name(std::string_view host) {
    if (host.empty()) return "it has no host";
    if (host.size() > kLongestHost) return "its host is too long";
    std::size_t label = 0;
    for (const char c : host) {
        if (c == '.') {
            if (label == 0) return "its host has an empty part";
            label = 0;
            continue;
        }
        if (!is_letter(c) && !is_digit(c) && c != '-' && c != '_') return "its host holds a character that no host name has";
        if (++label > kLongestLabel) return "a part of its host is too long";
    }
    if (label == 0) return "its host has an empty part";
    return {};
}

Result<std::string> parse_ipv6(std::string_view text) {
    in6_addr address{};
    if (::inet_pton(AF_INET6, std::string(text).c_str(), &address) != 1) return refused("its IPv6 address is malformed");
    std::array<char, INET6_ADDRSTRLEN> canonical{};
    ::inet_ntop(AF_INET6, &address, canonical.data(), canonical.size());
    return std::string(canonical.data());
}

Result<std::string> parse_name(std::string_view text) {
    if (!text.empty() && text.back() == '.') text.remove_suffix(1);
    if (const auto fault = fault_of_name(text); !fault.empty()) return refused(fault);
    std::string host = lower(text);
    if (looks_like_number(host) && !is_dotted_quad(host)) return refused("its host looks like a number but is no dotted IPv4 address");
    return host;
}

Result<std::uint16_t> parse_port(std::string_view text) {
    unsigned port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    const bool whole = error == std::errc{} && end == text.data() + text.size() && text.size() <= 5;
    if (!whole || port == 0 || port > 65535) return refused("its port is not a number from 1 to 65535");
    return static_cast<std::uint16_t>(port);
}

std::uint16_t default_port(std::string_view scheme) { return scheme == "https" ? 443 : 80; }

Result<Origin> parse_authority(std::string_view scheme, std::string_view authority) {
    if (authority.find('@') != std::string_view::npos) return refused("it holds a user name or password (@)");
    std::size_t host_end = 0;
    Origin origin{.scheme = std::string(scheme), .host = {}, .port = default_port(scheme)};
    if (authority.starts_with('[')) {
        const auto closing = authority.find(']');
        if (closing == std::string_view::npos) return refused("its IPv6 address has no closing bracket");
        QWEN_TRY(origin.host, parse_ipv6(authority.substr(1, closing - 1)));
        host_end = closing + 1;
    } else {
        host_end = std::min(authority.find(':'), authority.size());
        QWEN_TRY(origin.host, parse_name(authority.substr(0, host_end)));
    }
    const std::string_view rest = authority.substr(host_end);
    if (rest.empty()) return origin;
    if (rest.front() != ':') return refused("there is text between its host and its path");
    QWEN_TRY(origin.port, parse_port(rest.substr(1)));
    return origin;
}

std::string_view fault_of_path(std::string_view text, bool (*allowed)(char)) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            if (!is_escape_at(text, i)) return "it has a percent sign without two hexadecimal digits";
            continue;
        }
        if (!allowed(text[i])) return "its path or query holds a character that must be percent-encoded";
    }
    return {};
}

bool is_query_character(char c) { return is_path_character(c) || c == '?'; }

bool is_ipv4_loopback(const std::string& host) { return host.starts_with("127.") && is_dotted_quad(host); }

}  // namespace

std::string Origin::to_string() const {
    const bool is_ipv6 = host.find(':') != std::string::npos;
    std::string text = scheme + "://" + (is_ipv6 ? '[' + host + ']' : host);
    if (port != default_port(scheme)) text += ':' + std::to_string(port);
    return text;
}

bool Origin::is_loopback() const { return host == "localhost" || host == "::1" || is_ipv4_loopback(host); }

Result<Url> Url::parse(std::string_view text) {
    if (const auto fault = forbidden_byte(text); !fault.empty()) return refused(fault);
    const auto separator = text.find("://");
    const std::string scheme = separator == std::string_view::npos ? std::string() : lower(text.substr(0, separator));
    if (scheme != "http" && scheme != "https") return refused("it does not start with https:// or http://");

    const std::string_view rest = text.substr(separator + 3);
    const auto authority_end = std::min(rest.find_first_of("/?"), rest.size());
    Url url;
    QWEN_TRY(url.origin_, parse_authority(scheme, rest.substr(0, authority_end)));

    const std::string_view target = rest.substr(authority_end);
    const auto question = std::min(target.find('?'), target.size());
    if (question != 0) url.path_ = target.substr(0, question);
    if (question < target.size()) url.query_ = target.substr(question + 1);
    if (const auto fault = fault_of_path(url.path_, is_path_character); !fault.empty()) return refused(fault);
    if (const auto fault = fault_of_path(url.query_, is_query_character); !fault.empty()) return refused(fault);
    return url;
}

std::string Url::path_and_query() const { return query_.empty() ? path_ : path_ + '?' + query_; }

std::string Url::to_string() const { return origin_.to_string() + path_and_query(); }

Url Url::with_path_appended(std::string_view suffix) const {
    Url url = *this;
    while (url.path_.ends_with('/')) url.path_.pop_back();
    suffix.remove_prefix(std::min(suffix.find_first_not_of('/'), suffix.size()));
    url.path_ += '/';
    for (std::size_t i = 0; i < suffix.size(); ++i) {
        if (is_path_character(suffix[i]) || is_escape_at(suffix, i))
            url.path_ += suffix[i];
        else
            append_escaped(url.path_, suffix[i]);
    }
    return url;
}

Result<Url> Url::with_path(std::string_view path) const {
    if (!path.starts_with('/')) return refused("its path does not start with a slash");
    return parse(origin_.to_string() + std::string(path));
}

Url Url::with_query_parameter(std::string_view name, std::string_view value) const {
    Url url = *this;
    if (!url.query_.empty()) url.query_ += '&';
    url.query_ += percent_encode(name) + '=' + percent_encode(value);
    return url;
}

std::string percent_encode(std::string_view text) {
    std::string result;
    result.reserve(text.size());
    for (const char c : text) {
        if (is_unreserved(c))
            result += c;
        else
            append_escaped(result, c);
    }
    return result;
}

}  // namespace qwen
