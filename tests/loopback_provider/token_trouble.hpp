// How the token endpoint misbehaves when a test asks for it: the answers that a client meets once a year and must survive.
//
//   /__control/trouble/WORD/TIMES     the next TIMES token calls get this answer
//
//   slow-down   slow-down-429 (Qwen's way)   unavailable (503, HTML)   not-json (200, HTML)   null-token   expired-401 (Qwen's way)   denied   gone-grant
//   stall (neither served nor answered)   cut (no answer at all)   lost (the call is served, its answer is not sent)   same-refresh-token (served, without a new refresh token)
//   no-resource-url, foreign-resource-url (served, and names no server, or somebody else's)
#pragma once

#include "tests/loopback_provider/http_message.hpp"

#include <optional>
#include <string>

namespace loopback {

class TokenTrouble {
public:
    /// False where the word means nothing.
    [[nodiscard]] bool begin(const std::string& word, long times);

    struct Answer {
        std::optional<HttpResponse> response;  ///< absent: the call is to be served
        bool is_sent = true;
        bool is_stalled = false;
        std::string change;                    ///< of a served answer: the word; may be empty
    };
    /// What the next call gets. Counts it.
    [[nodiscard]] Answer next();
    /// `body` of a served call, changed as `change` says.
    [[nodiscard]] static std::string changed(const std::string& body, const std::string& change);

private:
    std::string word_;
    long times_left_ = 0;
};

}  // namespace loopback
