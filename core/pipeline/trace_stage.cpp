#include "core/pipeline/trace_stage.hpp"

namespace qwen::pipeline {

std::string redact(std::string text, const http::Request& request) {
    for (const http::Header& header : request.headers.all()) {
        if (!header.sensitive || header.value.empty()) continue;
        std::string_view secret = header.value.reveal();
        // "Bearer TOKEN": the token alone must not appear either.
        if (const auto space = secret.rfind(' '); space != std::string_view::npos && space + 1 < secret.size()) secret.remove_prefix(space + 1);
        const std::string mask = Secret(secret).masked();
        for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + mask.size())) text.replace(at, secret.size(), mask);
    }
    return text;
}

Result<http::Response> TraceStage::send(Call& call, const Next& next, const Context& context) {
    if (!sink_) return next(call, context);
    const http::Request& request = call.request;
    sink_("> " + request.method + ' ' + request.url.origin().to_string() +
          (request.query_is_sensitive ? request.url.path() + "?(redacted)" : request.url.path_and_query()) + " (attempt " + std::to_string(call.attempt) + ')');
    for (const http::Header& header : request.headers.all())
        sink_("> " + header.name + ": " + (header.sensitive ? header.value.masked() : redact(std::string(header.value.reveal()), request)));
    sink_("> body of " + std::to_string(request.body.size()) + " bytes");
    auto response = next(call, context);
    if (!response) {
        sink_("< failed: " + redact(response.error().message, request));
        return response;
    }
    sink_("< " + std::to_string(response->status) + ' ' + redact(response->reason, request));
    for (const http::Header& header : response->headers.all())
        sink_("< " + header.name + ": " + (header.name == "set-cookie" ? "(redacted)" : redact(std::string(header.value.reveal()), request)));
    return response;
}

}  // namespace qwen::pipeline
