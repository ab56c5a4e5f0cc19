#include "plugins/qwen_oauth/api_answer.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

namespace qwen_oauth {
namespace {

using Json = nlohmann::json;

std::string text_at(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
    return text;
}

/// Seen from Qwen: code insufficient_quota, message "Free allocated quota exceeded."
bool is_quota(std::string_view body_start) {
    const Json body = Json::parse(body_start, nullptr, false);
    if (!body.is_object()) return false;
    const auto nested = body.find("error");
    const Json& error = nested != body.end() && nested->is_object() ? *nested : body;
    if (text_at(error, "code") == "insufficient_quota" || text_at(error, "type") == "insufficient_quota") return true;
    return lower(text_at(error, "message")).find("free allocated quota exceeded") != std::string::npos;
}

}  // namespace

Meaning read_api_answer(std::uint32_t status, std::string_view body_start) {
    if (status < 400 || status >= 500) return Meaning::pass;
    if ((status == 429 || status == 403) && is_quota(body_start)) return Meaning::quota_exhausted;
    if (status == 429) return Meaning::rate_limited;
    return status == 401 || status == 403 ? Meaning::token_refused : Meaning::pass;
}

}  // namespace qwen_oauth
