#include "host/plugin/check/issuer.hpp"

#include <fmt/format.h>

namespace qwen::host::plugin::check {
namespace {

HttpReply oauth_error(std::string_view code) {
    return {400, fmt::format(R"({{"error":"{}","error_description":"said the server"}})", code), QWEN_OK};
}

}  // namespace

Issuer::Issuer(RehearsalHost& host) : host_(host), device_code_(host.make_secret("devicecode")) {
    host.answer = [this](const HttpAsk& ask) { return answer(ask); };
}

HttpReply Issuer::answer(const HttpAsk& ask) {
    if (ask.body.find(device_code_) != std::string::npos) {
        polls.push_back(ask.at_mono_ms);
        return token_endpoint();
    }
    if (!refresh_token_.empty() && ask.body.find("grant_type") != std::string::npos) {
        renewals.push_back(ask.body);
        return token_endpoint();
    }
    if (ask.method == "POST" && host_.manifest().methods.size() > 0 && ask.body.find("token_type_hint") == std::string::npos)
        return device_authorization(ask);
    return {200, R"({"object":"list","data":[{"id":"model"}]})", QWEN_OK};
}

HttpReply Issuer::device_authorization(const HttpAsk& ask) {
    if (!device_reply.empty() || device_status != 200) return {device_status, device_reply, QWEN_OK};
    const auto url = Url::parse(ask.url);
    const std::string origin = url ? url->origin().to_string() : "https://example.com";
    return {
        200,
        fmt::format(
            R"({{"device_code":"{}","user_code":"ABCD-EFGH","verification_uri":"{}/device","verification_uri_complete":"{}/device?c=ABCD-EFGH","expires_in":{},"interval":{}}})",
            device_code_, origin, origin, expires_in_s, interval_s),
        QWEN_OK};
}

HttpReply Issuer::token_endpoint() {
    const TokenReply reply = script.front();
    if (script.size() > 1) script.pop_front();
    switch (reply) {
        case TokenReply::tokens:
            refresh_token_ = host_.make_secret("refreshtoken");
            return {200,
                    fmt::format(R"({{"access_token":"{}","token_type":"Bearer","expires_in":3600,"refresh_token":"{}"}})",
                                host_.make_secret("accesstoken"), refresh_token_),
                    QWEN_OK};
        case TokenReply::no_refresh_token:
            return {200,
                    fmt::format(R"({{"access_token":"{}","token_type":"Bearer","expires_in":3600}})", host_.make_secret("accesstoken")),
                    QWEN_OK};
        case TokenReply::pending:
            return oauth_error("authorization_pending");
        case TokenReply::slow_down:
            return oauth_error("slow_down");
        case TokenReply::denied:
            return oauth_error("access_denied");
        case TokenReply::expired:
            return oauth_error("expired_token");
        case TokenReply::invalid_grant:
            return oauth_error("invalid_grant");
        case TokenReply::unknown_error:
            return oauth_error("something_new");
        case TokenReply::unavailable:
            return {503, "<html>Service Unavailable</html>", QWEN_OK};
        case TokenReply::too_many_requests:
            return {429, "{}", QWEN_OK};
        case TokenReply::unreachable:
            return {0, {}, QWEN_ERR_NETWORK};
        case TokenReply::page:
            return {200, "<!doctype html><title>Sign in</title>", QWEN_OK};
        case TokenReply::null_token:
            return {200, R"({"access_token":null,"token_type":"Bearer","expires_in":3600,"refresh_token":null})", QWEN_OK};
        case TokenReply::no_token:
            return {200, R"({"token_type":"Bearer","expires_in":3600})", QWEN_OK};
        case TokenReply::empty:
            return {200, {}, QWEN_OK};
    }
    return {};
}

}  // namespace qwen::host::plugin::check
