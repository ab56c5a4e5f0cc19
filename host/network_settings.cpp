#include "host/network_settings.hpp"

#include "core/config/value.hpp"

namespace qwen::host {
namespace {

/// "http://user:password@host:port", "host:port": what people write into HTTPS_PROXY. User info is taken out before the URL is validated.
Result<http::NetworkOptions::Proxy> parse_proxy(const config::Candidate& setting) {
    std::string text(setting.value.reveal());
    if (text.find("://") == std::string::npos) text = "http://" + text;
    http::NetworkOptions::Proxy proxy{Url{}, {}, {}};
    const auto host = text.find("://") + 3;
    if (const auto at = text.find('@', host); at != std::string::npos) {
        std::string user_info = text.substr(host, at - host);
        text.erase(host, at - host + 1);
        const auto colon = user_info.find(':');
        proxy.user = user_info.substr(0, colon);
        if (colon != std::string::npos) proxy.password = Secret(std::string_view(user_info).substr(colon + 1));
        wipe(user_info);
    }
    auto url = Url::parse(text);
    if (!url || url->origin().scheme != "http")
        return Error{ErrorCode::config_invalid, "the proxy of " + setting.from.to_string() + " is not usable: " + (url ? "it is not an http URL" : url.error().message), {},
                     std::nullopt};
    proxy.url = std::move(*url);
    return proxy;
}

}  // namespace

std::vector<std::string> list_of(const config::Resolution& resolution, std::string_view key) {
    std::vector<std::string> parts;
    for (const auto& element : config::parse_text_list(resolution.text(key).value_or(""))) {
        // Hosts and origins hold no space, and NO_PROXY is also written with spaces between them.
        for (std::size_t start = 0; start < element.size();) {
            const auto end = std::min(element.find(' ', start), element.size());
            if (end > start) parts.push_back(element.substr(start, end - start));
            start = end + 1;
        }
    }
    return parts;
}

Result<http::NetworkOptions> network_options(const config::Resolution& resolution) {
    http::NetworkOptions options;
    if (const auto* proxy = resolution.winner("network.https_proxy")) {
        QWEN_TRY(options.https_proxy, parse_proxy(*proxy));
    }
    if (const auto* proxy = resolution.winner("network.http_proxy")) {
        QWEN_TRY(options.http_proxy, parse_proxy(*proxy));
    }
    options.no_proxy = list_of(resolution, "network.no_proxy");
    options.ca_file = resolution.text("network.ca_file").value_or("");
    options.ca_directory = resolution.text("network.ca_directory").value_or("");
    options.client_certificate = resolution.text("network.client_certificate").value_or("");
    options.client_key = resolution.text("network.client_key").value_or("");
    if (resolution.text("network.tls_minimum") == "1.3") options.tls_minimum = http::NetworkOptions::TlsMinimum::tls_1_3;
    return options;
}

http::Timeouts network_timeouts(const config::Resolution& resolution) {
    http::Timeouts timeouts;
    timeouts.connect = resolution.duration("network.connect_timeout").value_or(timeouts.connect);
    timeouts.first_byte = resolution.duration("network.first_byte_timeout").value_or(timeouts.first_byte);
    timeouts.idle = resolution.duration("network.idle_timeout").value_or(timeouts.idle);
    return timeouts;
}

}  // namespace qwen::host
