#include "signature_v4.hpp"

#include <algorithm>

namespace signing_cpp {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

std::string_view bytes_of(const Digest& digest) { return {reinterpret_cast<const char*>(digest.data()), digest.size()}; }

std::string hex(const Digest& digest) {
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t byte : digest) text += {kHex[byte >> 4], kHex[byte & 15]};
    return text;
}

/// `also` may stay as it is besides the unreserved characters of RFC 3986.
std::string percent_encoded(std::string_view text, char also) {
    constexpr std::string_view kUnreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (kUnreserved.find(c) != std::string_view::npos || c == also) {
            encoded += c;
        } else {
            encoded += {'%', kHex[byte >> 4], kHex[byte & 15]};
        }
    }
    return encoded;
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::string percent_decoded(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool is_escape = text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0;
        decoded += is_escape ? static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])) : text[i];
        if (is_escape) i += 2;
    }
    return decoded;
}

/// Parameters sorted by name, then by value; each encoded in one way, however it is sent.
std::string canonical_query(std::string_view query) {
    std::vector<std::pair<std::string, std::string>> parameters;
    while (!query.empty()) {
        const std::string_view parameter = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), parameter.size() + 1));
        const std::size_t equals = std::min(parameter.find('='), parameter.size());
        const std::string_view value = parameter.substr(std::min(parameter.size(), equals + 1));
        parameters.emplace_back(percent_encoded(percent_decoded(parameter.substr(0, equals)), '\0'), percent_encoded(percent_decoded(value), '\0'));
    }
    std::sort(parameters.begin(), parameters.end());
    std::string text;
    for (const auto& [name, value] : parameters) text += (text.empty() ? "" : "&") + name + '=' + value;
    return text;
}

/// Without spaces around it, and with one where there were several.
std::string canonical_value(std::string_view value) {
    std::string text;
    for (const char c : value) {
        if (c != ' ' || (!text.empty() && text.back() != ' ')) text += c;
    }
    if (!text.empty() && text.back() == ' ') text.pop_back();
    return text;
}

std::string names_of(const SignedRequest& request) {
    std::string names;
    for (const auto& [name, value] : request.headers) names += (names.empty() ? "" : ";") + name;
    return names;
}

std::string canonical_request(const SignedRequest& request) {
    std::string text(request.method);
    // The path as it is sent is encoded once more; only S3 does without.
    text += '\n' + percent_encoded(request.path, '/') + '\n' + canonical_query(request.query) + '\n';
    for (const auto& [name, value] : request.headers) text += name + ':' + canonical_value(value) + '\n';
    return text + '\n' + names_of(request) + '\n' + hex(request.body_sha256);
}

Digest signing_key(const Digests& digests, const AccessKey& key, const Scope& scope, std::string_view date) {
    Digest derived = digests.hmac_sha256("AWS4" + std::string(key.secret), date);
    for (const std::string_view part : {scope.region, scope.service, std::string_view("aws4_request")}) derived = digests.hmac_sha256(bytes_of(derived), part);
    return derived;
}

}  // namespace

std::string authorization_header(const Digests& digests, const AccessKey& key, const Scope& scope, SignedRequest request) {
    std::sort(request.headers.begin(), request.headers.end());
    const std::string_view date = scope.time.substr(0, 8);
    const std::string where = std::string(date) + '/' + std::string(scope.region) + '/' + std::string(scope.service) + "/aws4_request";
    const std::string to_sign =
        std::string(kAlgorithm) + '\n' + std::string(scope.time) + '\n' + where + '\n' + hex(digests.sha256(canonical_request(request)));
    const Digest signature = digests.hmac_sha256(bytes_of(signing_key(digests, key, scope, date)), to_sign);
    return std::string(kAlgorithm) + " Credential=" + std::string(key.id) + '/' + where + ", SignedHeaders=" + names_of(request) + ", Signature=" + hex(signature);
}

std::string basic_time(std::int64_t utc_ms) {
    const std::int64_t seconds = utc_ms / 1000;
    // Days to a date of the Gregorian calendar, counted in years that begin in March.
    const std::int64_t days = seconds / 86'400 + 719'468;
    const std::int64_t era = days / 146'097;
    const std::int64_t day_of_era = days % 146'097;
    const std::int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
    const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const std::int64_t shifted_month = (5 * day_of_year + 2) / 153;
    const std::int64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
    const std::int64_t year = era * 400 + year_of_era + (month <= 2 ? 1 : 0);
    const auto padded = [](std::int64_t number, std::size_t width) {
        const std::string text = std::to_string(number);
        return std::string(width - std::min(width, text.size()), '0') + text;
    };
    const std::int64_t of_day = seconds % 86'400;
    return padded(year, 4) + padded(month, 2) + padded(day_of_year - (153 * shifted_month + 2) / 5 + 1, 2) + 'T' + padded(of_day / 3600, 2) +
           padded(of_day / 60 % 60, 2) + padded(of_day % 60, 2) + 'Z';
}

}  // namespace signing_cpp
