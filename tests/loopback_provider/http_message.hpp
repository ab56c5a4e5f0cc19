// Just enough of HTTP/1.1 for a server on loopback: one request parsed, one answer written.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace loopback {

struct HttpRequest {
    std::string method;
    std::string target;                          ///< path and query, as sent
    std::map<std::string, std::string> headers;  ///< names in lower case; a repeated header keeps its last value
    std::string body;

    [[nodiscard]] std::string path() const { return target.substr(0, target.find('?')); }
    /// Empty where the header is absent.
    [[nodiscard]] std::string header(const std::string& lower_case_name) const;
};

struct HttpResponse {
    int status = 200;
    std::string body;
    std::string content_type = "application/json";
    std::string more_headers = {};  ///< complete lines, each with its CRLF

    /// Head and body, with Content-Length.
    [[nodiscard]] std::string to_wire() const;
};

/// Parses everything before the empty line. Throws std::runtime_error where it is no HTTP.
[[nodiscard]] HttpRequest parse_head(std::string_view head);

/// Fields of an application/x-www-form-urlencoded body or of a query.
[[nodiscard]] std::map<std::string, std::string> parse_form(std::string_view text);

}  // namespace loopback
