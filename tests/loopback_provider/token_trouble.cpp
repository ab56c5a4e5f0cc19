#include "tests/loopback_provider/token_trouble.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>

namespace loopback {
namespace {

using nlohmann::json;

HttpResponse refusal(int status, const char* error) { return {.status = status, .body = json{{"error", error}, {"error_description", "as the test asked"}}.dump()}; }

HttpResponse page(int status) { return {.status = status, .body = "<!DOCTYPE html><title>Bad gateway</title>", .content_type = "text/html"}; }

const std::map<std::string, HttpResponse>& refusals() {
    static const std::map<std::string, HttpResponse> kRefusals{
        {"slow-down", refusal(400, "slow_down")},   {"slow-down-429", refusal(429, "slow_down")},  {"expired-401", refusal(401, "invalid_token")},
        {"denied", refusal(400, "access_denied")},  {"gone-grant", refusal(400, "invalid_grant")}, {"unavailable", page(503)},
        {"not-json", page(200)},                    {"null-token", {.body = R"({"access_token":null,"expires_in":null})"}},
    };
    return kRefusals;
}

constexpr std::array kChanges{"same-refresh-token", "no-resource-url", "foreign-resource-url"};

}  // namespace

bool TokenTrouble::begin(const std::string& word, long times) {
    const bool is_change = std::find(kChanges.begin(), kChanges.end(), word) != kChanges.end();
    if (!is_change && word != "stall" && word != "cut" && word != "lost" && !refusals().contains(word)) return false;
    word_ = word;
    times_left_ = times;
    return true;
}

TokenTrouble::Answer TokenTrouble::next() {
    if (times_left_ <= 0) return {};
    --times_left_;
    if (word_ == "stall" || word_ == "cut") return {.response = HttpResponse{}, .is_sent = false, .is_stalled = word_ == "stall", .change = {}};
    if (word_ == "lost") return {.response = std::nullopt, .is_sent = false, .is_stalled = false, .change = {}};
    if (const auto found = refusals().find(word_); found != refusals().end()) return {.response = found->second, .is_sent = true, .is_stalled = false, .change = {}};
    return {.response = std::nullopt, .is_sent = true, .is_stalled = false, .change = word_};
}

std::string TokenTrouble::changed(const std::string& body, const std::string& change) {
    auto answer = json::parse(body);
    if (!answer.contains("access_token")) return body;
    if (change == "same-refresh-token") answer.erase("refresh_token");
    if (change == "no-resource-url") answer.erase("resource_url");
    if (change == "foreign-resource-url") answer["resource_url"] = "https://collector.example/v1";
    return answer.dump();
}

}  // namespace loopback
