#include "plugins/qwen_oauth/token_state.hpp"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

namespace qwen_oauth {
namespace {

using Json = nlohmann::ordered_json;

std::string text_at(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::int64_t milliseconds_at(const Json& object, const char* key) {
    constexpr double kLatest = 253402300799000.0;  // the year 9999
    const auto found = object.find(key);
    if (found == object.end() || !found->is_number()) return 0;
    const auto value = found->get<double>();
    return value > 0 && value <= kLatest ? static_cast<std::int64_t>(value) : 0;
}

bool has_scheme(std::string_view url) {
    const auto starts_with = [&](std::string_view prefix) {
        return url.size() > prefix.size() && std::equal(prefix.begin(), prefix.end(), url.begin(), [](char a, char b) {
            return a == b || (b >= 'A' && b <= 'Z' && a == b - 'A' + 'a');
        });
    };
    return starts_with("https://") || starts_with("http://");
}

}  // namespace

TokenState::~TokenState() {
    for (std::string* secret : {&access_token, &refresh_token}) ::explicit_bzero(secret->data(), secret->size());
}

std::optional<TokenState> parse_token_state(std::string_view json) {
    const Json object = Json::parse(json, nullptr, false);
    if (!object.is_object()) return std::nullopt;
    TokenState state;
    state.access_token = text_at(object, "access_token");
    state.refresh_token = text_at(object, "refresh_token");
    state.token_type = text_at(object, "token_type");
    state.resource_url = text_at(object, "resource_url");
    state.expiry_date = milliseconds_at(object, "expiry_date");
    if (state.access_token.empty() && state.refresh_token.empty()) return std::nullopt;
    return state;
}

std::string to_json(const TokenState& state) {
    Json object = Json::object();
    const auto put = [&](const char* key, const std::string& value) {
        if (!value.empty()) object[key] = value;
    };
    put("access_token", state.access_token);
    put("refresh_token", state.refresh_token);
    put("token_type", state.token_type);
    put("resource_url", state.resource_url);
    if (state.expiry_date != 0) object["expiry_date"] = state.expiry_date;
    return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string base_url_of(std::string_view resource_url) {
    if (resource_url.empty()) return {};
    std::string url = has_scheme(resource_url) ? std::string(resource_url) : "https://" + std::string(resource_url);
    while (url.ends_with('/')) url.pop_back();
    return url.ends_with("/v1") ? url : url + "/v1";
}

}  // namespace qwen_oauth
