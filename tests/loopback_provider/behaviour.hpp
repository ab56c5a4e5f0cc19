// What one request asks the loopback provider to do, written in the model's name.
//
// A program under test can always choose its model, so that is where a test says how the server answers: words joined
// with "+", each with an optional number, for example "chunks-2000+pace-50" or "cut-after-3". Words that mean nothing here are
// ignored, so every ordinary model name gets the default answer.
//
//   size of the answer   chunks-N (default 20)   size-BYTES of each chunk   reasoning   echo (the last user message)   markdown   stamp (see answer.hpp)
//                        echo and markdown come in pieces of size-BYTES, cut between characters
//   pace                 pace-MS between chunks   slow-first-MS   slow-headers-MS   stall-after-N
//   form                 whole (JSON although a stream was asked)   crlf   cr   bom   comments   no-final-blank   split-utf8   usage
//   endings              closing (the connection, after the answer)   no-done (finish_reason, then end)   no-end (neither)   cut-headers   cut-after-N   cut-mid-N (inside chunk N)   error-event-N
//   refusals             status-CODE   retry-after-S   quota   leak-key (repeats the key in its message)   fail-first-N (503 to the first N)   html   redirect-PORT
//   hostile              endless   endless-line   deep-json   invalid-utf8   escape (terminal sequences)   big-headers
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace loopback {

class Behaviour {
public:
    explicit Behaviour(std::string_view model);

    [[nodiscard]] bool has(std::string_view word) const { return words_.contains(word); }
    /// The number behind `word`, or `absent` where the word, or its number, is missing.
    [[nodiscard]] long number(std::string_view word, long absent) const;

private:
    struct Word {
        bool numbered = false;
        long number = 0;
    };
    std::map<std::string, Word, std::less<>> words_;
};

}  // namespace loopback
