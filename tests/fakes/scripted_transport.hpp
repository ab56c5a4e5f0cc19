// A transport that answers from a script and remembers what it was asked.
#pragma once

#include <deque>
#include <string>
#include <variant>
#include <vector>

#include "core/http/transport.hpp"

namespace qwen::tests {

struct ScriptedAnswer {
    int status = 200;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
};
struct ScriptedFailure {
    ErrorCode code = ErrorCode::connection_failed;
    http::Progress progress = http::Progress::nothing_sent;
};

class TextBody final : public http::BodyReader {
public:
    explicit TextBody(std::string text) : text_(std::move(text)) {}
    Result<std::size_t> read_some(std::span<char> buffer) override {
        const std::size_t count = text_.copy(buffer.data(), buffer.size());
        text_.erase(0, count);
        return count;
    }

private:
    std::string text_;
};

class ScriptedTransport final : public http::Transport {
public:
    std::deque<std::variant<ScriptedAnswer, ScriptedFailure>> script;
    struct Seen {
        std::string url, authorization, body;
    };
    std::vector<Seen> seen;

    Result<http::Response> send(const http::Request& request, const Context&) override {
        seen.push_back({request.url.to_string(), std::string(request.headers.get("authorization").value_or("")), request.body});
        if (script.empty()) return Error{ErrorCode::internal, "the script is over", {}, std::nullopt};
        const auto step = script.front();
        script.pop_front();
        if (const auto* failure = std::get_if<ScriptedFailure>(&step)) {
            progress_ = failure->progress;
            return Error{failure->code, "scripted failure", {}, std::nullopt};
        }
        const auto& answer = std::get<ScriptedAnswer>(step);
        http::Response response;
        response.status = answer.status;
        for (const auto& [name, value] : answer.headers)
            if (auto set = response.headers.set(name, value); !set) return std::move(set).error();
        response.body = std::make_unique<TextBody>(answer.body);
        return response;
    }
    http::Progress progress_of_last_failure() const override { return progress_; }
    std::size_t connections_opened() const override { return seen.size(); }

private:
    http::Progress progress_ = http::Progress::nothing_sent;
};

}  // namespace qwen::tests
