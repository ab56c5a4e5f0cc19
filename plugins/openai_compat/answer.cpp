#include "plugins/openai_compat/answer.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace openai_compat {
namespace {

using Json = nlohmann::json;

struct ErrorBody {
    std::string code;  // code, else type
    std::string type;
    std::string message;
    bool moderated = false;
};

std::string text_at(const Json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end()) return {};
    if (found->is_string()) return found->get<std::string>();
    return found->is_number_integer() ? found->dump() : std::string();
}

/// OpenAI's {"error":{code,type,message}}; DashScope's native answers have the same members at the top.
ErrorBody parse(std::string_view text) {
    const Json body = Json::parse(text, nullptr, false);
    if (!body.is_object()) return {};
    const auto nested = body.find("error");
    const Json& error = nested != body.end() && nested->is_object() ? *nested : body;
    ErrorBody out{text_at(error, "code"), text_at(error, "type"), text_at(error, "message"), false};
    // OpenRouter, https://openrouter.ai/docs/api-reference/errors: a moderated prompt is 403 with metadata.reasons.
    const auto metadata = error.find("metadata");
    out.moderated = metadata != error.end() && metadata->is_object() && metadata->contains("reasons");
    return out;
}

bool is_one_of(const ErrorBody& body, std::initializer_list<std::string_view> codes) {
    return std::any_of(codes.begin(), codes.end(), [&](std::string_view code) { return body.code == code || body.type == code; });
}

/// OpenAI: https://platform.openai.com/docs/guides/error-codes
/// DashScope: https://www.alibabacloud.com/help/en/model-studio/error-code
bool is_quota(const ErrorBody& body) {
    return is_one_of(body, {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "access_terminated", "Arrearage",
                            "PrepaidBillOverdue", "PostpaidBillOverdue", "CommodityNotPurchased", "AllocationQuota.FreeTierOnly"});
}

bool is_throttling(const ErrorBody& body) {
    return body.code == "Throttling" || body.code.starts_with("Throttling.") ||
           is_one_of(body, {"rate_limit_exceeded", "limit_requests", "limit_burst_rate", "LimitRequests"});
}

std::string with_code(std::string text, const ErrorBody& body) {
    const std::string& code = body.code.empty() ? body.type : body.code;
    const bool plain = !code.empty() && code.size() <= 64 && std::all_of(code.begin(), code.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
    });
    return plain ? text + " (" + code + ")" : text;
}

}  // namespace

Answer read_answer(Vendor vendor, std::uint32_t status, std::string_view body_start) {
    if (status < 400) return {};
    const ErrorBody body = parse(body_start);
    if (status == 402 || is_quota(body)) return {Meaning::quota_exhausted, with_code("the account's quota or credit is used up", body)};
    if (status == 429 || is_throttling(body)) return {Meaning::rate_limited, with_code("too many requests", body)};
    if (status == 401) return {Meaning::key_refused, with_code("the API key was refused", body)};
    if (status == 403) {
        if (vendor == Vendor::openrouter && body.moderated) return {Meaning::fatal, "the prompt was refused by moderation"};
        return {Meaning::key_refused, with_code("the API key may not be used for this", body)};
    }
    return {};
}

}  // namespace openai_compat
