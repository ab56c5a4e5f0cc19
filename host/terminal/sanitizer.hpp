// Makes text from servers, plugins and files safe to show: no byte of it can move the cursor, set the title, fill the clipboard or turn
// the reading direction.
//
// Nothing is swallowed: only the characters that start or are a control are taken out (or shown as ^[), so an escape sequence that never ends cannot
// hide what follows it. Works on chunks; a character split between two of them is held back until it is whole.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace qwen::host {

/// What becomes of a control character.
enum class ControlForm : std::uint8_t {
    visible,  ///< "^[", "^G", "<U+202E>": for terminals, so that an attempt can be seen
    ascii,    ///< as `visible`, and every character in_ascii(): for terminals that are not in UTF-8
    removed,  ///< for pipes and files
    raw,      ///< left as it is (`--raw`)
};

/// C0 (but for '\n' and '\t'), DEL, C1, and characters that change how their neighbours are shown: bidi marks, overrides and isolates, line and
/// paragraph separators, interlinear annotations, tag characters.
[[nodiscard]] bool is_terminal_control(char32_t c);

/// Not thread-safe. One object for one stream of text.
class Sanitizer {
public:
    explicit Sanitizer(ControlForm form) : form_(form) {}

    /// Appends the safe form of `chunk` to `out`. '\n' and '\t' pass; ill-formed UTF-8 becomes U+FFFD.
    void feed(std::string_view chunk, std::string& out);
    /// The stream has ended: a character that was never completed becomes U+FFFD.
    void finish(std::string& out);

private:
    void convert(std::string_view text, std::string& out) const;

    ControlForm form_;
    std::string held_;
};

/// The text for a terminal whose character set is another one, where the bytes of a UTF-8 character may be controls: quotation marks, dashes and the like as
/// ASCII writes them, every other character outside of ASCII as '?'. ASCII stays as it is.
[[nodiscard]] std::string in_ascii(std::string_view text);

/// The safe form of a whole text.
[[nodiscard]] std::string sanitized(std::string_view text, ControlForm form);

/// The safe form of something that belongs into one line (names, server messages): line breaks and tabs become spaces, and what is longer than
/// `max_characters` ends in "…".
[[nodiscard]] std::string sanitized_line(std::string_view text, std::size_t max_characters = 200);

}  // namespace qwen::host
