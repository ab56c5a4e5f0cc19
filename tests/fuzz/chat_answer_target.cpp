// The JSON of an answer, whole or in chunks, and the short way that reads the common chunk without building a document.

#include <algorithm>

#include "core/base/json.hpp"
#include "core/base/utf8.hpp"
#include "core/chat/chat_decoder.hpp"
#include "tests/fuzz/fuzz_target.hpp"

using namespace qwen;
using fuzz::expect;

namespace {

class Reader final : public chat::AnswerSink {
public:
    bool delta(std::string_view piece) override {
        expect(!piece.empty() && is_valid_utf8(piece), "text that is handed on is UTF-8");
        text += piece;
        return true;
    }
    void flush() override {}

    std::string text;
};

/// What the document says is the text of the one choice.
void check_short_way(std::string_view data) {
    std::string text;
    if (!chat::read_common_delta(data, text)) return;
    const auto json = parse_json(data, "chunk", {.refuse_duplicate_keys = false});
    expect(json.has_value(), "the short way accepts JSON alone");
    const auto pointer = nlohmann::ordered_json::json_pointer("/choices/0/delta/content");
    expect(json->contains(pointer) && (*json)[pointer] == text, "the short way and the document say the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text = fuzz::text_of(bytes, size);
    Reader whole_reader;
    chat::ChatDecoder whole(whole_reader);
    (void)whole.whole(text);
    expect(whole.bytes_delivered() == whole_reader.text.size(), "the bytes that were delivered are counted");

    Reader reader;
    chat::ChatDecoder decoder(reader);
    for (std::string_view rest = text; !rest.empty();) {
        const std::string_view data = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), data.size() + 1));
        check_short_way(data);
        const auto more = decoder.chunk(data);
        if (!more || !*more) break;
    }
    expect(decoder.text_delivered() == !reader.text.empty(), "delivered text is remembered");
    return 0;
}
