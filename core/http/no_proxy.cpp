#include "core/http/no_proxy.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>

namespace qwen::http {
namespace {

struct IpAddress {
    std::array<unsigned char, 16> bytes{};
    unsigned bits = 0;  // 32 or 128
};

std::optional<IpAddress> parse_ip(std::string text) {
    if (text.size() > 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
    IpAddress address;
    if (::inet_pton(AF_INET, text.c_str(), address.bytes.data()) == 1) {
        address.bits = 32;
        return address;
    }
    if (::inet_pton(AF_INET6, text.c_str(), address.bytes.data()) == 1) {
        address.bits = 128;
        return address;
    }
    return std::nullopt;
}

bool same_prefix(const IpAddress& a, const IpAddress& b, unsigned bits) {
    if (a.bits != b.bits || bits > a.bits) return false;
    const unsigned whole = bits / 8;
    if (std::memcmp(a.bytes.data(), b.bytes.data(), whole) != 0) return false;
    const unsigned rest = bits % 8;
    if (rest == 0) return true;
    const auto mask = static_cast<unsigned char>(0xff << (8 - rest));
    return (a.bytes[whole] & mask) == (b.bytes[whole] & mask);
}

template <typename Number>
std::optional<Number> whole_number(std::string_view text) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

bool covers(std::string rule, const Origin& origin) {
    std::transform(rule.begin(), rule.end(), rule.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (rule == "*") return true;
    const auto host_ip = parse_ip(origin.host);
    if (const auto slash = rule.find('/'); slash != std::string::npos) {
        const auto block = parse_ip(rule.substr(0, slash));
        const auto bits = whole_number<unsigned>(std::string_view(rule).substr(slash + 1));
        return block && bits && host_ip && same_prefix(*block, *host_ip, *bits);
    }
    if (const auto ip = parse_ip(rule)) return host_ip && same_prefix(*ip, *host_ip, ip->bits);
    if (const auto colon = rule.rfind(':'); colon != std::string::npos) {
        const auto port = whole_number<std::uint16_t>(std::string_view(rule).substr(colon + 1));
        if (!port || *port != origin.port) return false;
        rule.resize(colon);
        if (const auto ip = parse_ip(rule)) return host_ip && same_prefix(*ip, *host_ip, ip->bits);
    }
    if (rule.starts_with("*.")) rule.erase(0, 1);
    if (rule.starts_with('.')) rule.erase(0, 1);
    if (rule.empty()) return false;
    if (origin.host == rule) return true;
    return !host_ip && origin.host.size() > rule.size() && origin.host.ends_with(rule) && origin.host[origin.host.size() - rule.size() - 1] == '.';
}

}  // namespace

bool bypasses_proxy(const Origin& origin, std::span<const std::string> rules) {
    return std::any_of(rules.begin(), rules.end(), [&](const std::string& rule) { return covers(rule, origin); });
}

std::vector<std::string> split_no_proxy(std::string_view value) {
    std::vector<std::string> rules;
    while (!value.empty()) {
        const std::size_t end = value.find_first_of(", \t");
        if (end != 0) rules.emplace_back(value.substr(0, end));
        if (end == std::string_view::npos) break;
        value.remove_prefix(end + 1);
    }
    return rules;
}

}  // namespace qwen::http
