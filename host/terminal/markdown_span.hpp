// Inline Markdown: which characters of a line are emphasis, code or a link, and which only look like it.
//
// The rules are CommonMark's (0.31, sections 2.4, 6.1, 6.2 and 6.3) with three differences, each on the side of showing what was written: a pair of
// delimiters stands in one line; only the escapes of `*`, `_` and the backtick lose their backslash (`\[` begins a formula in what models write); and a character
// outside of ASCII is never punctuation, so that emphasis in Chinese text, which knows no blanks, begins and ends where its author meant it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qwen::host {

/// How a character is shown; any combination.
using TextStyle = std::uint8_t;
inline constexpr TextStyle kPlainText = 0;
inline constexpr TextStyle kBold = 1;
inline constexpr TextStyle kItalic = 2;
inline constexpr TextStyle kCode = 4;
inline constexpr TextStyle kLinkText = 8;
inline constexpr TextStyle kFaint = 16;

/// What a character is to the delimiter beside it (CommonMark 6.2).
enum class CharacterClass : std::uint8_t { blank, punctuation, other };

/// The class of the character that begins at `offset`; blank at the end of the text.
[[nodiscard]] CharacterClass class_at(std::string_view text, std::size_t offset);
/// The class of the character that ends the text; blank when it is empty.
[[nodiscard]] CharacterClass class_of_last(std::string_view text);

/// Where an address that begins before `offset` ends: what stands in it is no delimiter.
[[nodiscard]] std::size_t end_of_address(std::string_view text, std::size_t offset);

/// Whether more of the line may follow a text.
enum class TextEnd : std::uint8_t { open, final };

struct MarkdownSpan {
    enum class State : std::uint8_t {
        complete,   ///< `length` bytes are a span, shown as `shown`
        literal,    ///< the first `length` bytes are nothing but themselves
        undecided,  ///< more of the line has to arrive; never when the text is final
    };
    State state = State::undecided;
    std::size_t length = 0;
    std::string shown{};              ///< without the delimiters
    std::vector<TextStyle> styles{};  ///< one for each byte of `shown`
};

/// What begins at the first character of `text`, one of `\`, backtick, `[`, `*` and `_`. `text` has no line break; `before` is what stands before it. The answer for
/// an open text is never another one when more of it is there.
[[nodiscard]] MarkdownSpan read_markdown_span(std::string_view text, CharacterClass before, TextEnd end);

}  // namespace qwen::host
