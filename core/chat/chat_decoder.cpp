#include "core/chat/chat_decoder.hpp"

#include "core/base/json.hpp"
#include "core/base/utf8.hpp"

namespace qwen::chat {
namespace {

using Json = nlohmann::ordered_json;

constexpr JsonLimits kLimits{.max_depth = 64, .max_bytes = 4u << 20, .refuse_duplicate_keys = false};
constexpr std::size_t kMaxShown = 200;

std::uint64_t count_member(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

/// One line, short, without control characters: it comes from a server.
std::string shown(std::string_view text) {
    std::string result;
    for (const char c : text.substr(0, kMaxShown)) result += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    return repair_utf8(result);
}

Error server_error(const Json& error) {
    std::string text = error.is_string() ? error.get<std::string>() : string_member(error, "message", "no message");
    std::string code = error.is_object() ? string_member(error, "code", string_member(error, "type")) : std::string();
    const bool quota = code == "insufficient_quota";
    const bool limited = code.find("rate_limit") != std::string::npos;
    return {quota ? ErrorCode::quota_exhausted : limited ? ErrorCode::rate_limited : ErrorCode::provider_error,
            "the server reported an error in its answer: " + shown(text) + (code.empty() ? "" : " (" + shown(code) + ')'), {}, std::nullopt};
}

/// The text of a message or delta; some servers send a list of parts.
std::string text_of(const Json& content) {
    if (content.is_string()) return content.get<std::string>();
    std::string text;
    if (content.is_array())
        for (const Json& part : content)
            if (part.is_object()) text += string_member(part, "text");
    return text;
}

}  // namespace

void ChatDecoder::deliver(std::string_view text) {
    if (text.empty() || reader_gone_) return;
    text_delivered_ = true;
    bytes_delivered_ += text.size();
    if (!sink_.delta(text)) reader_gone_ = true;
}

bool ChatDecoder::fast_chunk(std::string_view data) {
    // The first chunks also carry id and model: those go the long way once.
    if (completion_.id.empty() && completion_.model.empty()) return false;
    if (!read_common_delta(data, text_)) return false;
    deliver(text_);
    return true;
}

Result<void> ChatDecoder::full(std::string_view data, std::string_view text_member) {
    auto parsed = parse_json(is_valid_utf8(data) ? std::string(data) : repair_utf8(data), "answer", kLimits);
    if (!parsed) return Error{ErrorCode::bad_response, "the server's answer is no valid JSON: " + parsed.error().message, {}, std::nullopt};
    const Json& json = *parsed;
    if (!json.is_object()) return Error{ErrorCode::bad_response, "the server's answer is JSON, but no chat completion", {}, std::nullopt};
    if (const auto error = json.find("error"); error != json.end() && !error->is_null()) return server_error(*error);

    if (completion_.id.empty()) completion_.id = string_member(json, "id");
    if (completion_.model.empty()) completion_.model = string_member(json, "model");
    if (const auto usage = json.find("usage"); usage != json.end() && usage->is_object())
        completion_.usage = Usage{count_member(*usage, "prompt_tokens"), count_member(*usage, "completion_tokens"), count_member(*usage, "total_tokens")};

    const auto choices = json.find("choices");
    if (choices == json.end() || !choices->is_array()) {
        if (completion_.usage || choices == json.end()) return {};
        return Error{ErrorCode::bad_response, "the server's answer has no choices", {}, std::nullopt};
    }
    for (const Json& choice : *choices) {
        if (!choice.is_object()) continue;
        const auto index = choice.find("index");
        if (index != choice.end() && index->is_number_integer() && index->get<std::int64_t>() != 0) continue;
        if (const auto part = choice.find(text_member); part != choice.end() && part->is_object())
            if (const auto content = part->find("content"); content != part->end()) deliver(text_of(*content));
        if (std::string reason = string_member(choice, "finish_reason"); !reason.empty()) completion_.finish_reason = std::move(reason);
    }
    return {};
}

Result<bool> ChatDecoder::chunk(std::string_view data) {
    if (data == "[DONE]") {
        done_ = true;
        return false;
    }
    if (!fast_chunk(data)) QWEN_CHECK(full(data, "delta"));
    return !reader_gone_;
}

Result<void> ChatDecoder::whole(std::string_view body) {
    QWEN_CHECK(full(body, "message"));
    if (!text_delivered_ && completion_.finish_reason.empty() && completion_.id.empty())
        return Error{ErrorCode::bad_response, "the server's answer is JSON, but no chat completion", {}, std::nullopt};
    done_ = true;
    return {};
}

}  // namespace qwen::chat
