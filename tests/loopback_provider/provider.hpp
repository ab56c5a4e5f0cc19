// Routes of the loopback provider: which answer a request gets, and how it is misdelivered where the model's name says so.
//
// One thread serves everything (connection.hpp); nothing here blocks or needs a lock.
#pragma once

#include "tests/loopback_provider/answer.hpp"
#include "tests/loopback_provider/authorization.hpp"
#include "tests/loopback_provider/request_log.hpp"
#include "tests/loopback_provider/token_trouble.hpp"

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace loopback {

/// A part of a streamed answer. Framing and pauses are the connection's work.
struct StreamPlan {
    std::vector<std::string> events;
    std::chrono::milliseconds pause{0};        ///< before each event but the first
    std::chrono::milliseconds first_pause{0};  ///< before the first event, after the headers
    std::size_t stop_after = SIZE_MAX;         ///< events that are sent
    enum class Ending { complete, cut, cut_inside_chunk, stall, repeat_last_for_ever } ending = Ending::complete;
    bool stamped = false;                      ///< every event gets the clock just before it is sent
    bool split_bytes = false;                  ///< events are split in the middle of characters
    std::string stamped_prefix, stamped_suffix;
};

/// What the connection does with one request.
struct Reply {
    HttpResponse response;             ///< where there is no stream
    std::optional<StreamPlan> stream;
    std::chrono::milliseconds delay{0};  ///< before anything is sent
    bool close_without_answer = false;
    bool close_after_answer = false;
};

struct ProviderOptions {
    std::set<std::string> keys;
    bool accept_anyone = false;
    std::chrono::milliseconds token_delay{0};
};

class Provider {
public:
    Provider(ProviderOptions options, Issuer& issuer, RequestLog& log) : options_(std::move(options)), issuer_(issuer), log_(log) {}

    [[nodiscard]] Reply answer(const HttpRequest& request);

private:
    Reply chat(const HttpRequest& request);
    std::optional<Reply> misbehave_before_streaming(const Behaviour& behaviour, const HttpRequest& request, const std::string& model);
    std::optional<Reply> issuer_route(const HttpRequest& request);
    bool begin_trouble(const std::string& path);
    Reply token(const HttpRequest& request);
    HttpResponse control(const HttpRequest& request);
    bool is_authorised(const HttpRequest& request) const;

    ProviderOptions options_;
    Issuer& issuer_;
    RequestLog& log_;
    TokenTrouble trouble_;
    std::map<std::string, long> failures_;  // by model, for fail-first-N
};

}  // namespace loopback
