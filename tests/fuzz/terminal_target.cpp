// Text for the screen: no byte of it steers the terminal, and how it was cut makes no difference. The first byte of the input says how.

#include <algorithm>

#include "core/base/utf8.hpp"
#include "host/terminal/markdown_writer.hpp"
#include "host/terminal/sanitizer.hpp"
#include "tests/fuzz/fuzz_target.hpp"

using namespace qwen;
using fuzz::expect;
using host::ControlForm;

namespace {

std::string in_pieces(std::string_view text, std::size_t piece, ControlForm form) {
    host::Sanitizer sanitizer(form);
    std::string out;
    while (!text.empty()) {
        sanitizer.feed(text.substr(0, piece), out);
        text.remove_prefix(std::min(piece, text.size()));
    }
    sanitizer.finish(out);
    return out;
}

void expect_safe(std::string_view text) {
    expect(is_valid_utf8(text), "what is shown is UTF-8");
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto byte = static_cast<unsigned char>(text[at]);
        expect((byte >= 0x20 && byte != 0x7f) || byte == '\n' || byte == '\t', "no control character of ASCII");
        const bool is_c1 = byte == 0xc2 && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xa0;
        expect(!is_c1, "no control character of C1");
    }
}

/// The text without the SGR sequences that Markdown adds; anything else that starts with ESC is left and found by expect_safe.
std::string without_styles(std::string_view text) {
    std::string plain;
    while (!text.empty()) {
        const auto end = text.substr(0, 2) == "\033[" ? text.find_first_not_of("0123456789;", 2) : std::string_view::npos;
        const bool is_style = end != std::string_view::npos && text[end] == 'm';
        if (!is_style) plain += text.front();
        text.remove_prefix(is_style ? end + 1 : 1);
    }
    return plain;
}

void check_markdown(std::string_view safe, std::size_t piece) {
    std::string styled;
    std::string whole;
    host::MarkdownWriter writer;
    host::MarkdownWriter other;
    other.feed(safe, whole);
    other.finish(whole);
    while (!safe.empty()) {
        std::size_t size = std::min(piece, safe.size());
        while (size < safe.size() && (static_cast<unsigned char>(safe[size]) & 0xc0) == 0x80) ++size;
        writer.feed(safe.substr(0, size), styled);
        safe.remove_prefix(size);
    }
    writer.finish(styled);
    expect_safe(without_styles(styled));
    expect(without_styles(styled) == without_styles(whole), "the pieces make no difference to Markdown");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    std::string_view text = fuzz::text_of(bytes, size);
    const std::size_t piece = fuzz::take_number(text) % 31 + 1;
    for (const auto form : {ControlForm::visible, ControlForm::ascii, ControlForm::removed}) {
        const std::string safe = in_pieces(text, piece, form);
        expect_safe(safe);
        expect(safe == host::sanitized(text, form), "the pieces make no difference");
        expect(safe == host::sanitized(safe, form), "what is safe stays as it is");
        if (form == ControlForm::ascii)
            for (const char c : safe) expect(static_cast<unsigned char>(c) < 0x80, "nothing but ASCII");
        if (form == ControlForm::visible) check_markdown(safe, piece);
    }
    const std::string line = host::sanitized_line(text);
    expect_safe(line);
    expect(line.find_first_of("\n\t") == std::string::npos, "a line is one line");
    return 0;
}
