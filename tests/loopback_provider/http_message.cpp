#include "tests/loopback_provider/http_message.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <stdexcept>

namespace loopback {
namespace {

std::string_view next_line(std::string_view& text) {
    const auto end = text.find("\r\n");
    const auto line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 2);
    return line;
}

std::string decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size()) {
            out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
            i += 2;
        } else {
            out += text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

}  // namespace

std::string HttpRequest::header(const std::string& lower_case_name) const {
    const auto found = headers.find(lower_case_name);
    return found == headers.end() ? std::string{} : found->second;
}

std::string HttpResponse::to_wire() const {
    return fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nx-request-id: req_loopback\r\n{}Content-Length: {}\r\n\r\n{}", status,
                       status < 400 ? "OK" : "Refused", content_type, more_headers, body.size(), body);
}

HttpRequest parse_head(std::string_view head) {
    const auto start = next_line(head);
    const auto first = start.find(' ');
    const auto last = start.rfind(' ');
    if (first == std::string_view::npos || first == last || !start.substr(last + 1).starts_with("HTTP/1.")) throw std::runtime_error("no HTTP request");

    HttpRequest request;
    request.method = start.substr(0, first);
    request.target = start.substr(first + 1, last - first - 1);
    while (!head.empty()) {
        const auto line = next_line(head);
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        std::string name(line.substr(0, colon));
        std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        const auto value = line.substr(std::min(line.size(), line.find_first_not_of(' ', colon + 1)));
        request.headers[name] = std::string(value);
    }
    return request;
}

std::map<std::string, std::string> parse_form(std::string_view text) {
    std::map<std::string, std::string> fields;
    while (!text.empty()) {
        const auto pair = text.substr(0, text.find('&'));
        text = pair.size() == text.size() ? std::string_view{} : text.substr(pair.size() + 1);
        const auto equals = pair.find('=');
        if (equals != std::string_view::npos) fields[decoded(pair.substr(0, equals))] = decoded(pair.substr(equals + 1));
    }
    return fields;
}

}  // namespace loopback
