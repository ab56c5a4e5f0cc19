#include "core/pipeline/error_mapping.hpp"

#include "core/base/json.hpp"
#include "core/base/utf8.hpp"

namespace qwen::pipeline {
namespace {

constexpr std::size_t kMaxShown = 200;

/// One line of plain text, short.
std::string shown(std::string_view text) {
    const std::string valid = repair_utf8(text.substr(0, kMaxShown * 4));
    std::string result;
    std::size_t characters = 0;
    for (std::size_t at = 0; at < valid.size() && characters < kMaxShown; ++characters) {
        const char32_t c = decode_utf8(valid, at);
        if (c < 0x20 || (c >= 0x7f && c < 0xa0)) {
            if (!result.empty() && result.back() != ' ') result += ' ';
        } else {
            append_utf8(result, c);
        }
    }
    while (!result.empty() && result.back() == ' ') result.pop_back();
    return result;
}

std::string status_text(int status, const ServerMessage& message) {
    std::string text = std::to_string(status);
    if (!message.code.empty()) text += ' ' + message.code;
    return text;
}

std::string request_id(const http::HeaderList& headers) {
    for (const char* name : {"x-request-id", "request-id", "x-dashscope-request-id"})
        if (const auto id = headers.get(name)) return ", request " + shown(id->substr(0, 64));
    return {};
}

std::string said(const ServerMessage& message) { return message.text.empty() ? std::string() : ": " + message.text; }

}  // namespace

ServerMessage server_message(std::string_view body, std::string_view content_type) {
    ServerMessage message;
    const auto json = parse_json(body, "error", {.max_depth = 32, .max_bytes = 64u << 10, .refuse_duplicate_keys = false});
    if (json && json->is_object()) {
        const auto error = json->find("error");
        const auto& object = error != json->end() && error->is_object() ? *error : *json;
        message.text = shown(string_member(object, "message"));
        message.code = shown(string_member(object, "code", string_member(object, "type")));
        if (message.text.empty() && error != json->end() && error->is_string()) {
            message.code = shown(error->get_ref<const std::string&>());
            message.text = shown(string_member(*json, "error_description"));
        }
        return message;
    }
    if (content_type.find("html") == std::string_view::npos) message.text = shown(body);
    return message;
}

Error error_of_response(int status, const http::HeaderList& headers, std::string_view body_start, const Origin& origin, const auth::RequestShape& shape,
                        const CredentialLabel& label) {
    const std::string server = origin.to_string();
    const ServerMessage message = server_message(body_start, headers.get("content-type").value_or(""));
    const std::string details = " (" + status_text(status, message) + request_id(headers) + ')';
    switch (status) {
        case 401:
        case 403:
            return {ErrorCode::credential_rejected,
                    server + " refused the key" + (label.source.empty() ? "" : " from " + label.source) + details + said(message) + "; not retried",
                    "check the key, or sign in again: qwen auth login", std::nullopt};
        case 402: return {ErrorCode::quota_exhausted, "no credit left on this account" + details + said(message) + "; not retried", "top up the account at the provider", std::nullopt};
        case 404:
            if (shape.operation == "chat.completions")
                return {ErrorCode::model_not_found, "model \"" + shape.model + "\" or the address was not found at " + server + details + said(message),
                        "list the models: qwen models; check the base URL: qwen config explain base_url", std::nullopt};
            return {ErrorCode::config_invalid, "nothing at this address of " + server + details, "check the base URL: qwen config explain", std::nullopt};
        case 408:
        case 504: return {ErrorCode::timed_out, server + " took too long" + details + said(message), {}, std::nullopt};
        case 429:
            if (message.code == "insufficient_quota" || message.code.starts_with("billing"))
                return {ErrorCode::quota_exhausted, "no quota left on this account" + details + said(message) + "; not retried", "check plan and billing at the provider", std::nullopt};
            return {ErrorCode::rate_limited, "rate limited by " + server + details + said(message), "try again later", std::nullopt};
        default: break;
    }
    if (status >= 300 && status < 400) {
        const std::string location = shown(headers.get("location").value_or("").substr(0, 200));
        return {ErrorCode::redirect_refused, server + " redirects the request" + (location.empty() ? "" : " to " + location) + " (" + std::to_string(status) + "); a prompt is not sent elsewhere",
                "if the new address is right, set it: --openai-base-url URL", std::nullopt};
    }
    if ((status == 400 || status == 422) && message.code == "model_not_found")
        return {ErrorCode::model_not_found, "model \"" + shape.model + "\" was not found at " + server + details + said(message), "list the models: qwen models", std::nullopt};
    return {ErrorCode::provider_error, server + " reported an error" + details + said(message), {}, std::nullopt};
}

}  // namespace qwen::pipeline
