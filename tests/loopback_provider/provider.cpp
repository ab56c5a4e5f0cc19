#include "tests/loopback_provider/provider.hpp"

#include <fmt/format.h>

namespace loopback {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr std::size_t kHugeLine = std::size_t{1} << 20;

std::string presented_key(const HttpRequest& request) {
    if (const auto key = request.header("api-key"); !key.empty()) return key;
    const auto authorization = request.header("authorization");
    return authorization.starts_with("Bearer ") ? authorization.substr(7) : authorization;
}

// Azure: /openai/deployments/NAME/chat/completions. Everywhere else the model is in the body.
std::string deployment_of(const std::string& path) {
    constexpr std::string_view prefix = "/openai/deployments/";
    const auto begin = path.find(prefix);
    if (begin == std::string::npos) return {};
    const auto rest = path.substr(begin + prefix.size());
    return rest.substr(0, rest.find('/'));
}

HttpResponse error(int status, const std::string& message, const std::string& type, const std::string& code, const std::string& headers = {}) {
    return {.status = status, .body = error_body(message, type, code), .more_headers = headers};
}

HttpResponse status_reply(const Behaviour& behaviour, int status) {
    const auto retry_after = behaviour.number("retry-after", -1);
    const auto headers = retry_after < 0 ? std::string{} : fmt::format("Retry-After: {}\r\n", retry_after);
    switch (status) {
        case 401: return error(401, "Incorrect API key provided.", "invalid_request_error", "invalid_api_key", headers);
        case 403: return error(403, "You have no access to this.", "permission_error", "permission_denied", headers);
        case 404: return error(404, "The model does not exist or you do not have access to it.", "invalid_request_error", "model_not_found", headers);
        case 429: return error(429, "Rate limit reached, try again later.", "rate_limit_error", "rate_limit_exceeded", headers);
        default: return error(status, "The server had an error.", "server_error", "server_error", headers);
    }
}

std::string deep_json() { return "data: " + std::string(100'000, '[') + std::string(100'000, ']') + "\n\n"; }

StreamPlan plan_stream(const ChatRequest& request, const Behaviour& behaviour) {
    StreamPlan plan;
    plan.pause = milliseconds(behaviour.number("pace", 0));
    plan.first_pause = milliseconds(behaviour.number("slow-first", 0));
    plan.stamped = behaviour.has("stamp");
    plan.split_bytes = behaviour.has("split-utf8");
    plan.events = stream_events(request, behaviour);
    if (plan.stamped) {
        const std::string mark = "STAMP";
        const auto event = delta_event(request, behaviour, mark);
        plan.stamped_prefix = event.substr(0, event.find(mark));
        plan.stamped_suffix = event.substr(event.find(mark) + mark.size());
    }

    // The opening event carries the role and no text, so "after N" counts pieces of text.
    const auto after = [&](const char* word, StreamPlan::Ending ending) {
        if (!behaviour.has(word)) return;
        plan.stop_after = static_cast<std::size_t>(behaviour.number(word, 0)) + 1;
        plan.ending = ending;
    };
    after("cut-after", StreamPlan::Ending::cut);
    after("cut-mid", StreamPlan::Ending::cut_inside_chunk);
    after("stall-after", StreamPlan::Ending::stall);
    if (behaviour.has("error-event")) {
        plan.events.resize(std::min(plan.events.size(), static_cast<std::size_t>(behaviour.number("error-event", 0)) + 1));
        plan.events.push_back("data: " + error_body("The model stopped: overloaded.", "server_error", "overloaded") + "\n\n");
    }
    const auto hostile = [&](std::string event, StreamPlan::Ending ending) {
        plan.events.resize(2);
        plan.events.push_back(std::move(event));
        plan.ending = ending;
    };
    if (behaviour.has("endless")) hostile(delta_event(request, behaviour, " more"), StreamPlan::Ending::repeat_last_for_ever);
    if (behaviour.has("endless-line")) hostile("data: " + std::string(kHugeLine, 'x'), StreamPlan::Ending::repeat_last_for_ever);
    if (behaviour.has("deep-json")) hostile(deep_json(), StreamPlan::Ending::complete);
    if (behaviour.has("invalid-utf8")) {
        plan.events[1] = delta_event(request, behaviour, "MARK");
        plan.events[1].replace(plan.events[1].find("MARK"), 4, "\xff\xfe\xc3(");
    }
    return plan;
}

}  // namespace

Reply Provider::answer(const HttpRequest& request) {
    const auto path = request.path();
    if (path.starts_with("/__control/")) return {.response = control(request), .stream = {}};

    ++log_.requests;
    log_.add(request);
    if (auto reply = issuer_route(request)) return std::move(*reply);
    if (!is_authorised(request)) return {.response = status_reply(Behaviour(""), 401), .stream = {}};
    if (path.ends_with("/chat/completions")) return chat(request);
    if (path.ends_with("/models")) {
        json models = json::array();
        for (const char* id : {"gpt-4o", "gpt-4o-mini", "qwen3-coder-plus", "qwen-max"}) {
            models.push_back({{"id", id}, {"object", "model"}, {"created", 1700000000}, {"owned_by", "loopback"}});
        }
        return {.response = {.body = json{{"object", "list"}, {"data", models}}.dump()}, .stream = {}};
    }
    return {.response = error(404, "Unknown path " + path, "invalid_request_error", "unknown_url"), .stream = {}};
}

Reply Provider::chat(const HttpRequest& request) {
    ++log_.chats;
    ChatRequest chat;
    try {
        chat = parse_chat_request(request.body, deployment_of(request.path()));
    } catch (const json::exception& problem) {
        return {.response = error(400, std::string("The body is no chat request: ") + problem.what(), "invalid_request_error", "bad_request"), .stream = {}};
    }
    const Behaviour behaviour(chat.model);
    if (auto reply = misbehave_before_streaming(behaviour, request, chat.model)) return std::move(*reply);

    Reply reply;
    reply.delay = milliseconds(behaviour.number("slow-headers", 0));
    reply.close_after_answer = behaviour.has("closing");
    if (behaviour.has("big-headers")) reply.response.more_headers = "X-Padding: " + std::string(kHugeLine, 'x') + "\r\n";
    if (chat.stream && !behaviour.has("whole")) {
        reply.stream = plan_stream(chat, behaviour);
    } else {
        reply.response.body = whole_answer(chat, behaviour);
    }
    return reply;
}

std::optional<Reply> Provider::misbehave_before_streaming(const Behaviour& behaviour, const HttpRequest& request, const std::string& model) {
    Reply reply;
    if (behaviour.has("cut-headers")) {
        reply.close_without_answer = true;
    } else if (behaviour.has("html")) {
        reply.response = {.body = "<!DOCTYPE html><html><title>Sign in to the network</title></html>", .content_type = "text/html"};
    } else if (behaviour.has("quota")) {
        reply.response = error(429, "You exceeded your current quota.", "insufficient_quota", "insufficient_quota");
    } else if (behaviour.has("leak-key")) {
        reply.response = error(401, "Incorrect API key provided: " + presented_key(request), "invalid_request_error", "invalid_api_key");
    } else if (behaviour.has("status")) {
        reply.response = status_reply(behaviour, static_cast<int>(behaviour.number("status", 500)));
    } else if (behaviour.has("fail-first") && failures_[model]++ < behaviour.number("fail-first", 1)) {
        reply.response = status_reply(behaviour, 503);
    } else if (behaviour.has("redirect")) {
        reply.response = {.status = 307, .body = "", .more_headers = fmt::format("Location: http://127.0.0.1:{}{}\r\n", behaviour.number("redirect", 1), request.target)};
    } else {
        return std::nullopt;
    }
    return reply;
}

bool Provider::begin_trouble(const std::string& path) {
    constexpr std::string_view prefix = "/__control/trouble/";
    if (!path.starts_with(prefix)) return false;
    const auto slash = path.rfind('/');
    if (slash < prefix.size()) return false;
    return trouble_.begin(path.substr(prefix.size(), slash - prefix.size()), std::atol(path.c_str() + slash + 1));
}

Reply Provider::token(const HttpRequest& request) {
    const auto trouble = trouble_.next();
    Reply reply{.response = {}, .stream = {}, .delay = options_.token_delay, .close_without_answer = !trouble.is_sent};
    if (trouble.response) {
        ++log_.token_calls;
        reply.response = *trouble.response;
        if (trouble.is_stalled) reply.delay = std::chrono::minutes(10);
        return reply;
    }
    reply.response = issuer_.token(request);
    if (!trouble.change.empty()) reply.response.body = TokenTrouble::changed(reply.response.body, trouble.change);
    return reply;
}

std::optional<Reply> Provider::issuer_route(const HttpRequest& request) {
    const auto path = request.path();
    const auto delayed = [&](HttpResponse response) { return Reply{.response = std::move(response), .stream = {}, .delay = options_.token_delay}; };
    if (path == "/api/v1/oauth2/device/code") return delayed(issuer_.device_code(request));
    if (path == "/api/v1/oauth2/token") return token(request);
    if (path == "/api/v1/oauth2/revoke") return delayed(issuer_.revoke(request));
    if (path != "/authorize") return std::nullopt;
    if (request.method == "POST") issuer_.decide(Issuer::Decision::approved);
    return delayed({.body = "<!DOCTYPE html><title>Loopback</title><form method=post><button id=approve>Approve</button></form>", .content_type = "text/html"});
}

HttpResponse Provider::control(const HttpRequest& request) {
    const auto path = request.path();
    if (path == "/__control/log") return {.body = log_.to_json().dump(-1, ' ', false, json::error_handler_t::replace)};
    if (path == "/__control/stats") {
        return {.body = json{{"requests", log_.requests}, {"chats", log_.chats}, {"token_calls", log_.token_calls}, {"refresh_replays", log_.refresh_replays},
                             {"connections", log_.connections}, {"resumptions", log_.resumptions}, {"open_connections", log_.open_connections},
                             {"most_open_connections", log_.most_open_connections}}.dump()};
    }
    if (path == "/__control/reset") log_.clear();
    else if (path == "/__control/approve") issuer_.decide(Issuer::Decision::approved);
    else if (path == "/__control/deny") issuer_.decide(Issuer::Decision::denied);
    else if (path == "/__control/expire") issuer_.expire_access_tokens();
    else if (path == "/__control/revoke") issuer_.revoke_everything();
    else if (!begin_trouble(path)) return error(404, "no such control", "invalid_request_error", "unknown_url");
    return {.body = "{}"};
}

bool Provider::is_authorised(const HttpRequest& request) const {
    const auto key = presented_key(request);
    return options_.accept_anyone || options_.keys.contains(key) || issuer_.accepts(key);
}

}  // namespace loopback
